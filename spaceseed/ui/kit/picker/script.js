// Props: element, props, trigger. Marks and the tile in reach of Tab ("at") live in props.value, which must be given
// a new object at each change: Gradio draws again when the object is another.

let latest = {};  // what the visitor sees: the page's key, marks and place

const change = (part) => {
  props.value = {...props.value, ...part};
  latest = props.value;
};

// A page that is drawn bit by bit comes several times, with the marks of the moment when it was asked for.
watch('value', () => {
  const {key, tiles = [], marks = {}, at} = props.value || {};
  if (key && key === latest.key) {
    const here = new Set(tiles.map((tile) => tile.id));
    const mine = Object.fromEntries(Object.entries(latest.marks || {}).filter(([id]) => here.has(id)));
    const place = TERNARY ? latest.at : at;
    if (JSON.stringify(mine) !== JSON.stringify(marks) || place !== at) props.value = {...props.value, marks: mine, at: place};
  }
  latest = props.value || {};
});

const markOf = (tile) => Number(tile.dataset.mark);

const placeOf = (tile) => [...element.querySelectorAll('.tile')].indexOf(tile);

const mark = (tile, value) => {
  const {[tile.dataset.id]: _, ...others} = props.value.marks || {};
  change({marks: value ? {...others, [tile.dataset.id]: value} : others, at: placeOf(tile)});
  trigger('mark');
};

const cycle = (tile) => {
  const next = TERNARY ? {0: 1, 1: -1, '-1': 0} : {0: 1, 1: 0};
  mark(tile, next[markOf(tile)]);
};

const toggle = (tile, value) => mark(tile, markOf(tile) === value ? 0 : value);

// How far an arrow goes; columns differ with the width of the page.
const step = (key) => {
  const columns = getComputedStyle(element.querySelector('.tiles')).gridTemplateColumns.split(' ').length;
  return {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns}[key];
};

element.addEventListener('click', (event) => {
  const tile = event.target.closest('button.tile');
  if (tile) cycle(tile);
  if (event.target.closest('.begin')) trigger('begin');
  const check = event.target.closest('.check');
  if (check) cycle(check.parentElement.querySelector('.tile'));
  if (event.target.closest('.clear')) {
    change({marks: {}});
    trigger('mark');
    element.querySelector('.tile').focus();  // the button that had the focus goes away
  }
});

// The menu of a picture marks it bad.
element.addEventListener('bad', (event) => {
  const tile = event.target.parentElement.querySelector('.tile');
  if (tile) mark(tile, -1);
});

element.addEventListener('focusin', (event) => {
  const at = placeOf(event.target);
  if (at >= 0 && at !== props.value.at) change({at});
});

element.addEventListener('keydown', (event) => {
  const tile = event.target.closest('button.tile');
  if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
  const tiles = [...element.querySelectorAll('.tile')];
  const go = {Home: tiles[0], End: tiles.at(-1)}[event.key] || tiles[tiles.indexOf(tile) + step(event.key)];
  const key = event.key.toLowerCase();
  if (go) go.focus();
  else if (key === 'l') toggle(tile, 1);
  else if (key === ' ') cycle(tile);  // a click may open the menu
  else if (TERNARY && ['b', 'delete', 'backspace'].includes(key)) toggle(tile, -1);
  else if (!key.startsWith('arrow')) return;
  event.preventDefault();
});
