/** An upstream for inside.sh: /stream is 40 events, 100 ms apart; anything else answers at once. */
import { createServer } from "node:http";

createServer((req, res) => {
  if (req.url !== "/stream") {
    res.end("now\n");
    return;
  }
  res.writeHead(200, { "content-type": "text/event-stream" });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    res.write(`data: event ${sent}\n\n`);
    if (sent < 40) return;
    clearInterval(timer);
    res.end();
  }, 100);
}).listen(Number(process.argv[2]), "127.0.0.1");
