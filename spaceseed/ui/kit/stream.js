// Gradio's server closes the page's stream when no event is left, and its client believes that the stream is open until
// it has read so. An event that begins in between is never heard of, or the page says "Connection Lost" and is loaded
// anew. So a stream that closes while an event is under way is opened again here, before the client knows.
(() => {
  const plain = window.fetch;
  const underWay = new Set();  // events that have begun and not been completed
  const early = new Set();  // events whose completion was read before the answer that they have begun
  let joining = 0;

  const join = async (...request) => {
    joining += 1;
    try {
      const answer = await plain(...request);
      const id = answer.ok && (await answer.clone().json()).event_id;
      if (id && !early.delete(id)) underWay.add(id);
      return answer;
    } finally {
      joining -= 1;
    }
  };

  // Returns whether the client is to read a message.
  const noted = (message) => {
    const [, kind, id] = /^data: \{"msg":"(\w+)","event_id":"?(\w+)/.exec(message) ?? [];
    if (kind === 'process_completed' && !underWay.delete(id)) early.add(id);
    return kind !== 'close_stream' || (!joining && !underWay.size);
  };

  const read = (answer) => answer.body.pipeThrough(new TextDecoderStream()).getReader();

  const follow = async (...request) => {
    const answer = await plain(...request);
    if (!answer.ok) return answer;
    let reader = read(answer);
    let rest = '';
    const encoder = new TextEncoder();
    const pull = async (controller) => {
      for (;;) {
        const {value, done} = await reader.read();
        if (done) return controller.close();
        const messages = (rest + value).split('\n\n');
        rest = messages.pop();
        const closes = !messages.every(noted);
        const passed = (closes ? messages.slice(0, -1) : messages).map((message) => `${message}\n\n`).join('');
        if (closes) reader = read(await plain(...request));
        if (passed) return controller.enqueue(encoder.encode(passed));
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
