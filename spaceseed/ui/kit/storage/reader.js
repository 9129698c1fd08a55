{texts: (() => {
  const read = (item) => {
    try {
      const {at, text} = JSON.parse(item);
      return [[at, text]];
    } catch {  // another program wrote it
      return [];
    }
  };
  try {
    return Object.entries(window[PLACE]).flatMap(([key, item]) => key.startsWith(PREFIX + ':') ? read(item) : [])
      .sort((a, b) => a[0] - b[0]).map(([, text]) => text);
  } catch {  // storage is switched off
    return [];
  }
})()}
