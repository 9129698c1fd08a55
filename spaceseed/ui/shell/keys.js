// Keys that Gradio lacks. Listeners are on the window, in the capture phase: they come before Gradio's own.
() => {
  const on = (names, act) => names.forEach((name) => addEventListener(name, act, true));
  const menuOf = (event) => event.target.closest?.('input[role="combobox"], input[role="listbox"]');

  // A menu that gets the focus opens. It should where it was clicked, and not where the Tab key passes by: there the
  // arrow keys, Gradio's own, open it.
  let clicked = false;
  on(['pointerdown'], (event) => {
    clicked = true;
    const menu = menuOf(event);
    if (menu && menu === document.activeElement && menu.ariaExpanded === 'false') menu.blur();  // the click focuses it
  });
  on(['keydown', 'blur'], (event) => {
    if (event.type === 'keydown' || event.target === window) clicked = false;
    if (['Tab', 'Shift'].includes(event.key) && menuOf(event)) event.stopPropagation();  // all keys open it
  });
  on(['focus'], (event) => {
    if (!clicked && event.target !== window && menuOf(event)) event.stopImmediatePropagation();
  });

  // Tabs: the arrows move among them, and the Tab key reaches the open one alone.
  on(['keydown'], (event) => {
    if (event.key === 'Tab') {
      for (const tab of document.querySelectorAll('[role="tab"]')) tab.tabIndex = tab.ariaSelected === 'true' ? 0 : -1;
    }
    const tab = event.target.closest?.('[role="tab"]');
    if (!tab || event.ctrlKey || event.metaKey || event.altKey) return;
    const tabs = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]:enabled')];
    const at = tabs.indexOf(tab);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1}[event.key];
    if (to === undefined) return;
    const next = tabs.at(to % tabs.length);
    next.tabIndex = 0;
    next.focus();
    next.click();
    event.preventDefault();
  });
}
