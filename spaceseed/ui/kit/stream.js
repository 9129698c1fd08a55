// Gradio's server closes the page's stream when no event is left, and its client believes that the stream is open until
// it has read so. An event that begins in between is never heard of, or the page says "Connection Lost" and is loaded
// anew. So a stream that closes while an event is under way is opened again here, before the client knows; and an event
// that begins while the client is reading that its stream is closed waits until it has.
(() => {
  const PATIENCE = 1000;  // ms
  const plain = window.fetch;
  const underWay = new Set();  // events that have begun and not been completed
  const early = new Set();  // events whose completion was read before the answer that they have begun
  let joining = 0;
  let closed = Promise.resolve();  // once the client knows that its stream is closed

  const join = async (...request) => {
    joining += 1;
    try {
      const answer = await plain(...request);
      const id = answer.ok && (await answer.clone().json()).event_id;
      if (id && !early.delete(id)) underWay.add(id);
      await closed;
      return answer;
    } finally {
      joining -= 1;
    }
  };

  const note = (message) => {
    const [, id] = /^data: \{"msg":"process_completed","event_id":"(\w+)"/.exec(message) ?? [];
    if (id && !underWay.delete(id)) early.add(id);
  };

  // The client aborts a stream when it has read that it is closed.
  const aborted = (signal) => new Promise((resolve) => {
    signal.addEventListener('abort', resolve, {once: true});
    setTimeout(resolve, PATIENCE);
  });

  const read = (answer) => {
    if (!answer.ok) throw new Error(`The stream cannot be opened again: ${answer.status}`);  // the client is told
    return answer.body.pipeThrough(new TextDecoderStream()).getReader();
  };

  const follow = async (...request) => {
    const answer = await plain(...request);
    if (!answer.ok) return answer;
    const {signal} = new Request(...request);
    const encoder = new TextEncoder();
    let reader = read(answer);
    let rest = '';
    const pull = async (controller) => {
      for (;;) {
        const {value, done} = await reader.read();
        if (done) return controller.close();
        const messages = (rest + value).split('\n\n');
        rest = messages.pop();
        messages.forEach(note);
        const closes = messages.at(-1)?.startsWith('data: {"msg":"close_stream"');
        const goesOn = closes && (joining || underWay.size);
        if (goesOn) messages.pop();
        else if (closes) closed = aborted(signal);
        if (messages.length) controller.enqueue(encoder.encode(messages.map((message) => `${message}\n\n`).join('')));
        if (goesOn) reader = read(await plain(...request));
        if (messages.length) return;
      }
    };
    return new Response(new ReadableStream({pull, cancel: () => reader.cancel()}), answer);
  };

  window.fetch = (...request) => {
    const url = String(request[0].url ?? request[0]);
    if (/\/queue\/join\b/.test(url)) return join(...request);
    return /\/queue\/data\b/.test(url) ? follow(...request) : plain(...request);
  };
})();
