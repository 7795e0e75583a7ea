package server_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
)

func plain(name handle.Name, flags handle.Flags) []byte {
	return handle.AppendMessage(nil, handle.Envelope{Version: handle.NewestVersion, Request: 3}, handle.Header{Operation: handle.Resolve, Flags: flags},
		handle.AppendQuestion(nil, handle.Question{Name: name}))
}

func TestTheHTTPDoorSaysWhatIsWrong(t *testing.T) {
	n := start(t, handletest.NewShelf("88.1"), server.Limits{})
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	good := plain("88.1/x", 0)
	for name, row := range map[string]struct {
		method, media string
		body          []byte
		status        int
		code          handle.Code
	}{
		"a message":        {"POST", server.MessageType, good, 200, handle.NotFound},
		"not posted":       {"GET", server.MessageType, nil, 405, 0},
		"of another type":  {"POST", "text/plain", good, 415, 0},
		"cut":              {"POST", server.MessageType, good[:30], 400, 0},
		"of another major": {"POST", server.MessageType, append([]byte{9}, good[1:]...), 200, handle.ProtocolError},
		"too long":         {"POST", server.MessageType, handle.AppendEnvelope(nil, handle.Envelope{Version: handle.NewestVersion, Length: 1 << 30}), 200, handle.ProtocolError},
	} {
		r, err := http.NewRequest(row.method, "http://"+n.HTTP().String()+"/", bytes.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", row.media)
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != row.status || row.status == 200 && decoded(t, body).Code != row.code {
			t.Errorf("%s: %d %q %v", name, resp.StatusCode, body, err)
		}
	}
}

func TestConnectionsStayOpenWhenAskedTo(t *testing.T) {
	n := start(t, handletest.NewShelf("88.1"), server.Limits{ConnectionsEach: 2})
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", n.TCP().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		return conn
	}
	ask := func(conn net.Conn, flags handle.Flags) error {
		if _, err := conn.Write(plain("88.1/x", flags)); err != nil {
			return err
		}
		buf := make([]byte, 2048)
		k, err := conn.Read(buf)
		if err == nil && decoded(t, buf[:k]).Code != handle.NotFound {
			t.Errorf("%v", decoded(t, buf[:k]).Code)
		}
		return err
	}
	kept := dial()
	for range 3 {
		if err := ask(kept, handle.FlagKeepAlive); err != nil {
			t.Fatal(err)
		}
	}
	once := dial()
	if err := ask(once, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := once.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a connection that need not stay open is not closed: %v", err)
	}
	second := dial()
	if err := ask(second, handle.FlagKeepAlive); err != nil {
		t.Fatal(err)
	}
	if err := ask(dial(), 0); err == nil {
		t.Error("a third connection of one address is served")
	}
}
