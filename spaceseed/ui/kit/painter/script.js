// Props: element, props, trigger. What is painted lives in the canvas; after each stroke props.value tells it.

const COLOR = '#14b8a6';
let shown = '';  // the picture
let last = null;  // where the brush is, while it is down

const canvas = () => element.querySelector('canvas');

const wipe = () => canvas()?.getContext('2d').clearRect(0, 0, canvas().width, canvas().height);

watch('value', () => {
  const {image = '', painted} = props.value || {};
  const answered = image !== shown || (!KEEPS && !painted);
  if (answered && !last) wipe();  // not while the brush is down
  shown = image;
});

const at = (event) => {
  const box = canvas().getBoundingClientRect(), scale = canvas().width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
};

const stroke = (to) => {
  const brush = canvas().getContext('2d');
  const size = Number(element.querySelector('input').value) / 100;
  Object.assign(brush, {strokeStyle: COLOR, lineCap: 'round', lineWidth: size * Math.max(canvas().width, canvas().height)});
  brush.beginPath();
  brush.moveTo(...last);
  brush.lineTo(to[0] + 0.01, to[1]);  // a line of no length would be no dot
  brush.stroke();
  last = to;
};

const tell = () => {
  props.value = {...props.value, painted: canvas().toDataURL('image/png')};
  trigger('paint');
};

element.addEventListener('pointerdown', (event) => {
  if (event.target !== canvas() || event.button) return;
  event.target.setPointerCapture(event.pointerId);
  if (!KEEPS) wipe();  // the stroke before was told
  last = at(event);
  stroke(last);
});

element.addEventListener('pointermove', (event) => {
  if (last) stroke(at(event));
});

for (const end of ['pointerup', 'pointercancel']) {
  element.addEventListener(end, () => {
    if (!last) return;
    last = null;
    tell();
  });
}

element.addEventListener('click', (event) => {
  if (!event.target.closest('button')) return;
  wipe();
  tell();
});
