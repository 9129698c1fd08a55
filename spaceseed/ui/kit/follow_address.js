() => {
  Object.assign(document.documentElement.dataset, {opened: true, first: FIRST});
  addEventListener('popstate', () => document.getElementById(`tab-${location.hash.slice(1) || FIRST}-button`)?.click());
}
