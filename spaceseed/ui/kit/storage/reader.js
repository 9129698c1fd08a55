{texts: (() => {
  try {
    return Object.entries(window[PLACE]).filter(([key]) => key.startsWith(PREFIX + ':'))
      .map(([, item]) => JSON.parse(item)).sort((a, b) => a.at - b.at).map(({text}) => text);
  } catch {  // storage is switched off, or holds what another program wrote
    return [];
  }
})()}
