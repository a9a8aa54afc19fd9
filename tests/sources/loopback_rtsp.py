"""An RTSP camera on loopback: JPEG over RTP (RFC 2435), interleaved in the RTSP connection."""

import contextlib
import struct
import threading
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer

import cv2
import numpy as np

_CHUNK = 1400
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track\r\n"
)


class RtspCamera(ThreadingTCPServer):
    """Serves pictures, (H, W, 3) uint8 with sides divisible by 8, over and over."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, images, port=0, fps=50.0):
        super().__init__(("127.0.0.1", port), Handler)
        self.frames = [jpeg_parts(image) for image in images]
        self.size = images[0].shape[1], images[0].shape[0]
        self.fps, self.gone = fps, threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def __exit__(self, *_):
        self.gone.set()
        self.shutdown()
        self.server_close()


def jpeg_parts(image):
    """Both quantisation tables and the entropy-coded scan of a picture, 4:2:0."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x221111])[1].tobytes()
    tables, at = b"", 2
    while True:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        body, at = data[at + 4 : at + 2 + length], at + 2 + length
        if marker == 0xDB:
            tables += b"".join(body[n + 1 : n + 65] for n in range(0, len(body), 65))
        if marker == 0xDA:
            return tables, data[at:-2]


class Handler(StreamRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            self.talk()

    def talk(self):
        while not self.server.gone.is_set():
            request = self.rfile.readline().split()
            if not request:
                return
            headers = {}
            while (line := self.rfile.readline().strip()) and b":" in line:
                name, _, value = line.partition(b":")
                headers[name.strip().lower()] = value.strip().decode()
            method, sequence = request[0].decode(), headers.get(b"cseq", "0")
            extra, body = self.answer(method)
            self.wfile.write(
                f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{extra}"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            if method == "PLAY":
                self.play()
                return
            if method == "TEARDOWN":
                return

    def answer(self, method):
        if method == "OPTIONS":
            return "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""
        if method == "DESCRIBE":
            return "Content-Type: application/sdp\r\n", _SDP
        if method == "SETUP":
            return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n", ""
        return "Session: 1\r\n", ""

    def play(self):
        camera, number, sequence = self.server, 0, 0
        while not camera.gone.is_set():
            tables, scan = camera.frames[number % len(camera.frames)]
            stamp = int(number * 90_000 / camera.fps) & 0xFFFFFFFF
            for offset in range(0, len(scan), _CHUNK):
                part = scan[offset : offset + _CHUNK]
                last = offset + _CHUNK >= len(scan)
                header = struct.pack(">BBHII", 0x80, 26 | (last << 7), sequence & 0xFFFF, stamp, 7)
                # RFC 2435: offset, type 1 (4:2:0), Q 255 (tables in the first packet), size / 8.
                header += struct.pack(">I", offset)
                header += bytes((1, 255, camera.size[0] // 8, camera.size[1] // 8))
                if offset == 0:
                    header += struct.pack(">BBH", 0, 0, len(tables)) + tables
                packet = header + part
                self.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                sequence += 1
            number += 1
            time.sleep(1 / camera.fps)


def decoded(pictures, size):
    """JPEG pictures as images of a size (width, height)."""
    return [
        cv2.resize(cv2.imdecode(np.frombuffer(p, np.uint8), cv2.IMREAD_COLOR), size)
        for p in pictures
    ]
