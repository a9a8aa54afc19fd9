"""Cameras on loopback: MJPEG over HTTP, with a cable that can be pulled."""

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Camera(ThreadingHTTPServer):
    """An HTTP camera: endless JPEG pictures at ``/live``, a file at ``/file``."""

    daemon_threads = True

    def __init__(self, pictures, file=b"", port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.pictures, self.file = pictures, file
        self.fps = 100.0
        self.total = None  # pictures until the stream ends; None: never
        self.mute_after = None  # pictures until it says nothing more, with the line open
        self.gone = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path):
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def __exit__(self, *_):
        self.gone.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/file"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.file)))
            self.end_headers()
            self.wfile.write(self.server.file)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with contextlib.suppress(OSError):  # the reader may leave
            self._stream()

    def _stream(self):
        camera, sent = self.server, 0
        while not camera.gone.is_set() and sent != camera.total:
            if sent == camera.mute_after:
                camera.gone.wait(30)
                return
            picture = camera.pictures[sent % len(camera.pictures)]
            self.wfile.write(
                b"--frame\r\nContent-Type: image/jpeg\r\n"
                + f"Content-Length: {len(picture)}\r\n\r\n".encode()
                + picture
                + b"\r\n"
            )
            sent += 1
            time.sleep(1 / camera.fps)
