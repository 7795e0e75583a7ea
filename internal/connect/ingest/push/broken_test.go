package push

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and returns the answer's status, 0 where there is none. Its half of the connection is closed
// where others came than are wanted.
func (h *house) raw(head string, body io.Reader, want int64) int {
	h.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "POST /push/write HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s:%s\r\n%s\r\n\r\n", id, secret, head)
	answered := make(chan int, 1)
	go func() {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	if n, _ := io.Copy(c, body); n != want {
		_ = c.(*net.TCPConn).CloseWrite()
	}
	return <-answered
}

func TestABodyThatBreaksOffStoresNothing(t *testing.T) {
	h := newHouse(t)
	h.book.adopts.Store(true)
	whole := fmt.Sprintf("m,host=a v=1 %d\nm,host=a v=2 %d\n", now, now+1)
	for n := range len(whole) {
		if status := h.raw(fmt.Sprintf("Content-Length: %d", len(whole)), strings.NewReader(whole[:n]), int64(len(whole))); status >= 200 && status < 300 {
			t.Fatalf("%d bytes of %d were taken with %d", n, len(whole), status)
		}
		chunk := fmt.Sprintf("%x\r\n%s\r\n", len(whole), whole)[:n+4]
		if status := h.raw("Transfer-Encoding: chunked", strings.NewReader(chunk), int64(len(whole)+100)); status >= 200 && status < 300 {
			t.Fatalf("a chunk of which %d bytes came was taken with %d", n, status)
		}
	}
	if h.stored() != 0 {
		t.Fatalf("%d samples were stored", h.stored())
	}
	if status := h.raw(fmt.Sprintf("Content-Length: %d", len(whole)), strings.NewReader(whole), int64(len(whole))); status != 204 || h.stored() != 2 {
		t.Errorf("the whole: %d, %d stored", status, h.stored())
	}
}

func TestAMessageOfAHundredMegabytesIsRefused(t *testing.T) {
	h := newHouse(t)
	free := h.h.budget.left.Load()
	if status := h.raw("Content-Length: 104857600", strings.NewReader(""), 0); status != 413 {
		t.Errorf("told beforehand: %d", status)
	}
	chunks, w := io.Pipe()
	go func() {
		piece := strings.Repeat("#", 1<<20)
		for range 100 {
			if _, err := fmt.Fprintf(w, "%x\r\n%s\r\n", len(piece), piece); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, "0\r\n\r\n")
		w.Close()
	}()
	status := h.raw("Transfer-Encoding: chunked", chunks, 0)
	chunks.CloseWithError(io.ErrClosedPipe)
	if status != 413 && status != 0 { // 0: the connection was cut while we still sent
		t.Errorf("in chunks: %d", status)
	}
	if left := h.h.budget.left.Load(); left != free {
		t.Errorf("%d bytes of the budget were not given back", free-left)
	}
}
