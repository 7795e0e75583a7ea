package control

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type faults struct {
	Drop float64  `json:"drop"`
	For  Duration `json:"for"`
}

func (f faults) checked() (faults, error) {
	if f.For == 0 {
		f.For = Duration(5 * time.Second)
	}
	return f, errors.Join(Probabilities(map[string]float64{"drop": f.Drop}), Durations(map[string]Duration{"for": f.For}))
}

type counted struct {
	Orders int `json:"orders"`
}

type machine struct {
	*State[faults]
	counted
}

func (m *machine) Stats() counted { return m.counted }

func TestASimulatorIsSteeredOverHTTP(t *testing.T) {
	state, err := NewState(faults{Drop: 0.1}, faults.checked)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{State: state}
	at, stop, err := Serve("127.0.0.1:0", Handler(m, map[string]func(){"restart": func() { m.Orders++ }}))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	defer http.DefaultClient.CloseIdleConnections()
	<-m.Changed() // the beginning
	for _, c := range []struct {
		method, path, body string
		code               int
		answer             string
	}{
		{"GET", "/faults", "", 200, `{"drop":0.1,"for":"5s"}`},
		{"PUT", "/faults", `{"drop":0.5,"for":"90m"}`, 400, "fault for is 1h30m0s: a duration within 0 and 1h"},
		{"PUT", "/faults", `{"drop":2}`, 400, "fault drop is 2: a probability within 0 and 1"},
		{"PUT", "/faults", `{"drop":`, 400, "faults: "},
		{"PUT", "/faults", `{}{}`, 400, "faults: more than one JSON value"},
		{"PUT", "/faults", `{"dorp":1}`, 400, "dorp"},
		{"PUT", "/faults", `{"for":"2"}`, 400, "not a duration within 0 and 24h"},
		{"PUT", "/faults", `{"for":"-1s"}`, 400, "not a duration"},
		{"PUT", "/faults", `{"for":"25h"}`, 400, "not a duration"},
		{"GET", "/faults", "", 200, `{"drop":0.1,"for":"5s"}`},
		{"PUT", "/faults", `{"drop":1,"for":"1.5s"}`, 200, `{"drop":1,"for":"1.5s"}`},
		{"POST", "/restart", "", 202, ""},
		{"POST", "/drop", "", 404, ""},
		{"GET", "/stats", "", 200, `{"orders":1}`},
	} {
		r, _ := http.NewRequest(c.method, "http://"+at+c.path, strings.NewReader(c.body))
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(a.Body)
		a.Body.Close()
		if a.StatusCode != c.code || !strings.Contains(string(b), c.answer) {
			t.Errorf("%s %s %.20s: %d %s", c.method, c.path, c.body, a.StatusCode, b)
		}
	}
	w := httptest.NewRecorder()
	Handler(m, nil).ServeHTTP(w, httptest.NewRequest("PUT", "/faults", strings.NewReader(strings.Repeat(" ", 65<<10))))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "too large") {
		t.Errorf("a long document: %d %s", w.Code, w.Body)
	}
	select {
	case <-m.Changed():
	default:
		t.Error("the change was not told")
	}
}

func TestControlIsForThisMachineAlone(t *testing.T) {
	for address, want := range map[string]string{
		"": "", "127.0.0.1:1580": "", "localhost:0": "", "[::1]:80": "",
		"0.0.0.0:1580": "like 127.0.0.1:1580", "example.com:80": "loopback", "127.0.0.1": "missing port",
	} {
		if err := Loopback(address); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
}
