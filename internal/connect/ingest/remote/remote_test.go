package remote

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/internal/connect/driver"
)

func TestNothingIsLostWhileBrokerAndNodeRestart(t *testing.T) {
	verify(t)
	m := newMosquitto(t, "", false)
	m.start()
	r := m.read(Options{}, false)
	r.phase(Connected)
	m.publish("plant/a", lines(0, 300)...)
	r.until("first lines", func() bool { return len(r.got) >= 300 })
	m.stop()
	r.phase(Failed)
	m.start()
	m.publish("plant/a", lines(300, 400)...) // before or after the node is back: the broker keeps the session
	r.phase(Connected)
	r.until("lines across the restart", func() bool { return len(missing(r.got, 400)) == 0 })
	r.stop()
	m.publish("plant/a", lines(400, 500)...) // while the node is away
	again := m.read(Options{}, false)
	again.until("lines of the absence", func() bool { return len(again.got) >= 100 })
	if miss := missing(append(r.got, again.got...), 500); miss != nil {
		t.Errorf("lost: %v", miss)
	}
	if r.closed != 2 {
		t.Errorf("%d sessions closed", r.closed)
	}
}

func TestAMessageIsAcknowledgedOnlyWhenItIsDurable(t *testing.T) {
	verify(t)
	m := newMosquitto(t, "max_inflight_messages 3\n", false)
	m.start()
	r := m.read(Options{}, true)
	r.phase(Connected)
	m.publish("plant/a", lines(0, 10)...)
	r.until("messages", func() bool { return len(r.got) == 3 })
	r.mu.Lock()
	first, second := r.dones[0], r.dones[1]
	r.mu.Unlock()
	second(nil) // not in its turn: the broker may not send more for it
	time.Sleep(50 * time.Millisecond)
	r.until("no more", func() bool { return len(r.got) == 3 })
	first(nil)
	r.until("more", func() bool { return len(r.got) > 3 }) // mosquitto 2.0.11 sends three more for each of the two
	r.stop()
	again := m.read(Options{}, false)
	again.until("the rest", func() bool { return len(again.got) > 0 && again.got[len(again.got)-1] == "9" })
	got := strings.TrimPrefix(strings.Join(again.got, " "), "1 ") // its acknowledgement may still have been on the way
	if got != "2 3 4 5 6 7 8 9" {
		t.Errorf("came again: %s", got)
	}
}

func TestAStoreThatFailsGetsTheMessageAgain(t *testing.T) {
	verify(t)
	m := newMosquitto(t, "", false)
	m.start()
	r := m.read(Options{}, true)
	r.phase(Connected)
	m.publish("plant/a", "x")
	r.until("message", func() bool { return len(r.dones) == 1 })
	r.dones[0](errors.New("disk full"))
	if s := r.phase(Failed); !strings.Contains(s.Fault.Error(), "disk full") {
		t.Errorf("state %v", s.Fault)
	}
	r.until("message again", func() bool { return len(r.dones) == 2 })
	r.dones[1](nil)
}

func TestWhatIsWrongIsToldInWords(t *testing.T) {
	verify(t)
	ca, other := authority(t), authority(t)
	m := newMosquitto(t, "cafile DIR/ca.pem\ncertfile DIR/cert.pem\nkeyfile DIR/key.pem\nacl_file DIR/acl\n", true)
	ca.write(t, m.dir)
	os.WriteFile(filepath.Join(m.dir, "acl"), []byte("user jingwei\ntopic readwrite plant/#\n"), 0o644)
	m.start()
	url := "mqtts://localhost:" + m.port
	good := &tls.Config{RootCAs: ca.pool}
	for name, c := range map[string]struct {
		o    Options
		code string
	}{
		"wrong password":  {Options{URL: url, TLS: good, Username: "jingwei", Password: "guess"}, CodeCredentials},
		"wrong authority": {Options{URL: url, TLS: &tls.Config{RootCAs: other.pool}}, driver.CodeUntrusted},
		"no such port":    {Options{URL: "mqtt://127.0.0.1:1"}, driver.CodeRefused},
		"no such name":    {Options{URL: "mqtt://no-such-host.invalid"}, driver.CodeName},
	} {
		r := m.read(c.o, false)
		s := r.phase(Failed)
		if s.Fault.Code != c.code || s.Fault.Text.Zh == "" || s.Fault.Text.En == "" {
			t.Errorf("%s: %s: %v", name, s.Fault.Code, s.Fault)
		}
		if c.code == driver.CodeUntrusted && len(s.Fault.Attr[driver.AttrFingerprint]) != 64 {
			t.Errorf("%s: %v", name, s.Fault.Attr)
		}
		r.stop()
	}
	r := m.read(Options{URL: url, TLS: good}, false)
	r.phase(Connected)
	m.publish("plant/a", "over TLS")
	r.until("message", func() bool { return len(r.got) == 1 && len(r.subs) == 1 })
}

func TestTheNodesWillAndMessages(t *testing.T) {
	verify(t)
	m := newMosquitto(t, "", false)
	m.start()
	n := 0
	r := m.read(Options{Clean: true, Will: func() *Will {
		n++
		return &Will{Topic: "plant/state", Payload: fmt.Appendf(nil, "offline %d", n), QoS: 1, Retained: true}
	}, Filters: []string{"plant/#", "ncmd/#"}}, false)
	r.phase(Connected)
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	if err := conn.Send("plant/state", []byte("online 1"), 1, true); err != nil {
		t.Fatal(err)
	}
	r.until("own message", func() bool { return len(r.got) == 1 && r.got[0] == "online 1" })
	conn.Close(errors.New("enough")) // a proper goodbye: the broker publishes no will
	r.phase(Connected)
	r.until("retained", func() bool { return len(r.got) == 2 && r.got[1] == "online 1" })
	if n != 2 {
		t.Errorf("the will was made %d times", n)
	}
}

func TestAMessageThatIsTooLargeDoesNotComeForEver(t *testing.T) {
	verify(t)
	m := newMosquitto(t, "", false)
	m.start()
	r := m.read(Options{MaxPacket: 10_000}, false)
	r.phase(Connected)
	m.publish("plant/a", "before", strings.Repeat("x", 3_000_000), strings.Repeat("y", 9_980), strings.Repeat("z", 9_990), "after")
	r.until("neighbours", func() bool { return len(r.got) == 3 })
	if r.got[0] != "before" || len(r.got[1]) != 9_980 || r.got[2] != "after" || r.large != 2 {
		t.Errorf("got %d messages, %d large", len(r.got), r.large)
	}
	r.stop()
	again := m.read(Options{MaxPacket: 10_000}, false)
	again.phase(Connected)
	m.publish("plant/a", "next")
	again.until("next", func() bool { return len(again.got) == 1 })
	if again.got[0] != "next" {
		t.Errorf("%q came again", again.got[0])
	}
}
