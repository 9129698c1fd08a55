() => {
  const {opened, first} = document.documentElement.dataset;
  // Tabs tell that they are open while the page opens, too, before the address was read.
  if (!opened || (location.hash.slice(1) || first) === TAB) return;
  history.pushState(null, '', location.pathname + location.search + '#' + TAB);
  // On a Space the page is framed, and the address that people see is that of the frame's parent.
  if (parent !== window) parent.postMessage({hash: location.hash}, 'https://huggingface.co');
}
