// An item is {at: when its name was first put, in ms; text}.
const placeOf = (item) => {
  try {
    return JSON.parse(item).at || 0;
  } catch {  // another program wrote it
    return 0;
  }
};

const RELOAD_PAUSE = 10000;  // ms: a server that forgets at once must not let the page load for ever

watch('value', () => {
  const {put = {}, drop = [], reload = false} = props.value || {};
  try {
    const storage = window[PLACE];
    for (const name of drop) storage.removeItem(PREFIX + ':' + name);
    const now = Date.now();
    Object.entries(put).forEach(([name, text], i) => {
      const old = storage.getItem(PREFIX + ':' + name);
      storage.setItem(PREFIX + ':' + name, JSON.stringify({at: placeOf(old) || now + i / 1000, text}));
    });
  } catch {  // no room, or storage is switched off
    trigger('full');
  }
  if (reload && performance.now() > RELOAD_PAUSE) location.reload();
});
