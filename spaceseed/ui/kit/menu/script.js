// The template holds no values, so Gradio never draws it again: this script changes its elements.
// props.value.find names the picture for the events.

const PRESS = 500;  // ms of a long press
const MOVED = 10;  // px: a finger that moves further scrolls
const menu = element.querySelector('.menu');
const large = element.querySelector('.large');
const image = large.querySelector('img');
const link = large.querySelector('.link');
const said = large.querySelector('.said');
const items = [...menu.querySelectorAll('button')];
// Events: 'large', 'keep', 'breed', 'steer', 'dissect', 'more', 'bad', 'save', 'link'.
const LEAVE = ['breed', 'steer', 'dissect', 'more'];  // they turn to another tab

// The large view has the same entries, but for the one that opens it.
for (const item of items.slice(1)) {
  const button = item.cloneNode(true);
  button.removeAttribute('role');
  large.querySelector('.acts').append(button);
}

let opener = null, opened = 0;

const pictureOf = (target) => target instanceof Element && !element.contains(target) ? target.closest('[data-find]') : null;

const mine = (find) => opener?.dataset.find === find ? opener : document.querySelector(`[data-find="${CSS.escape(find)}"]`);

const close = (refocus) => {
  if (!menu.matches(':popover-open')) return;
  menu.hidePopover();
  if (refocus) opener?.focus();
};

const place = (x, y) => {
  const {width, height} = menu.getBoundingClientRect();
  menu.style.left = Math.max(8, Math.min(x, innerWidth - width - 8)) + 'px';
  menu.style.top = Math.max(8, Math.min(y, innerHeight - height - 8)) + 'px';
};

const open = (picture, event) => {
  opener = picture;
  props.value = {find: picture.dataset.find};
  const box = picture.getBoundingClientRect();
  const byPointer = event?.clientX || event?.clientY;
  opened = performance.now();
  menu.hidePopover();
  menu.showPopover();
  place(byPointer ? event.clientX : box.left + 12, byPointer ? event.clientY : box.top + 12);
  items[0].focus({preventScroll: true});
};

// A picture of 64 pixels is shown with sharp edges, one that is larger than its place is not.
image.addEventListener('load', () => {
  image.dataset.sharp = image.naturalWidth < image.clientWidth;
});

const show = ({image: source, title, about}) => {
  image.src = source || '';
  large.querySelector('h2').textContent = title || '';
  large.querySelector('.about').textContent = about || '';
  large.setAttribute('aria-label', title || 'A picture, large');
  if (!large.open) {
    link.hidden = true;
    said.textContent = '';
    large.showModal();
  }
};

const act = (name) => {
  const {find} = props.value;
  const picture = mine(find);
  if (name === 'large') {
    const shown = picture?.querySelector('img') || picture?.parentElement.querySelector('img');
    show({image: shown?.src, title: picture?.dataset.title});
  }
  if (name === 'bad' && picture?.closest('[data-layout="page"]')) {  // marks of a page live in the browser
    picture.dispatchEvent(new CustomEvent('bad', {bubbles: true}));
  } else {
    trigger(name);
  }
  if (LEAVE.includes(name)) large.close();
};

const copy = async (address) => {
  link.hidden = false;
  link.querySelector('input').value = address;
  try {
    await navigator.clipboard.writeText(address);
    said.textContent = 'The link is copied.';
  } catch {  // not allowed here: the visitor copies it themselves
    link.querySelector('input').select();
    said.textContent = 'Copy the link above.';
  }
};

// What Python shows: the picture in full, its words, or a link to it.
watch('value', () => {
  const value = props.value || {};
  if (!value.image || !(value.opens || large.open)) return;
  show({...value, image: value.image.url});
  if (value.copy) copy(value.link.startsWith('?') ? location.origin + location.pathname + value.link : value.link);
});

element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]');
  if (button) {
    close(true);
    act(button.dataset.act);
  } else if (event.target.closest('.close') || event.target === large) {
    large.close();
  }
});

large.addEventListener('close', () => {
  opener?.focus();
});

menu.addEventListener('keydown', (event) => {
  const at = items.indexOf(document.activeElement), last = items.length - 1;
  const go = {ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last}[event.key];
  if (go !== undefined) items[go].focus();
  else if (event.key === 'Escape' || event.key === 'Tab') close(true);
  else return;
  event.preventDefault();
  event.stopPropagation();
});

const on = (name, handle) => document.addEventListener(name, (event) => element.isConnected && handle(event), true);

on('click', (event) => {
  if (pressed) {  // the click that ends a long press
    pressed = false;
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  const picture = pictureOf(event.target);
  if (picture && !picture.matches('[data-click="mark"]')) {
    event.preventDefault();
    event.stopPropagation();
    open(picture, event);
  } else if (!menu.contains(event.target)) {
    close(false);
  }
});

on('contextmenu', (event) => {
  const picture = pictureOf(event.target);
  if (!picture) return;
  event.preventDefault();
  if (!menu.matches(':popover-open')) open(picture, event);
});

on('keydown', (event) => {
  const picture = pictureOf(event.target);
  if (!picture || event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  open(picture);
});

let timer = 0, from = null, pressed = false;

on('pointerdown', (event) => {
  pressed = false;
  const picture = pictureOf(event.target);
  if (!picture || event.button !== 0 || event.pointerType === 'mouse' && picture.matches('.more')) return;
  from = event;
  timer = setTimeout(() => {
    pressed = true;
    open(picture, from);
  }, PRESS);
});
on('pointermove', (event) => {
  if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > MOVED) clearTimeout(timer);
});
for (const name of ['pointerup', 'pointercancel']) on(name, () => clearTimeout(timer));
// Not the scrolling that brought the visitor here, which may still run out.
on('scroll', (event) => {
  if (event.target === document && performance.now() - opened > PRESS) close(false);
});
