// Gradio's server closes the page's stream when no event is left, and its client believes that the stream is open until
// it has read so. An event that begins in between is never heard of, or the page says "Connection Lost" and is loaded
// anew; and after the server was started anew, the client may wait for a stream that has ended. So the client's stream
// stays open here, and the server's is opened whenever an event is under way.
(() => {
  const BROKEN = 'data: {"msg":"broken_connection","event_id":null,"message":"Connection errored out."}';
  const plain = window.fetch;
  const encoder = new TextEncoder();
  const underWay = new Set();  // events that have begun and not been completed
  const early = new Set();  // events whose completion was read before the answer that they have begun
  let client = null;  // puts messages into the client's stream
  let open;  // opens the server's stream
  let reading = false;

  const tell = (messages) => client?.enqueue(encoder.encode(messages.map((message) => `${message}\n\n`).join('')));

  const closes = (message) => message.startsWith('data: {"msg":"close_stream"');

  const note = (message) => {
    const [, id] = /^data: \{"msg":"process_completed","event_id":"(\w+)"/.exec(message) ?? [];
    if (id && !underWay.delete(id)) early.add(id);
  };

  // Passes on what the server says until it closes its stream.
  const pass = async () => {
    const answer = await open();
    if (!answer.ok) throw new Error(`The stream cannot be opened: ${answer.status}`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = '', closed = false; ;) {
      const {value, done} = await reader.read();
      if (done && !closed) throw new Error('The stream has ended');
      if (done) return;
      const messages = (rest + value).split('\n\n');
      rest = messages.pop();
      messages.forEach(note);
      closed ||= messages.some(closes);
      tell(messages.filter((message) => !closes(message)));
    }
  };

  const read = async () => {
    if (reading || !client) return;
    reading = true;
    try {
      while (underWay.size) await pass();
    } catch (error) {
      console.error(error);
      underWay.clear();
      tell([BROKEN]);
    } finally {
      reading = false;
    }
  };

  const join = async (...request) => {
    const answer = await plain(...request);
    const id = answer.ok && (await answer.clone().json()).event_id;
    if (id && !early.delete(id)) underWay.add(id);
    read();
    return answer;
  };

  const follow = (...request) => {
    open = () => plain(...request);
    const start = (controller) => { client = controller; };
    const cancel = () => { client = null; };
    const stream = new ReadableStream({start, cancel});
    read();
    return Promise.resolve(new Response(stream, {headers: {'Content-Type': 'text/event-stream'}}));
  };

  window.fetch = (...request) => {
    const url = String(request[0].url ?? request[0]);
    if (/\/queue\/join\b/.test(url)) return join(...request);
    return /\/queue\/data\b/.test(url) ? follow(...request) : plain(...request);
  };
})();
