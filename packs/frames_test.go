package packs_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/peertest"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/packs"
)

var update = flag.Bool("update", false, "write the frames that pymodbus answers into testdata/frames")

// frameFile is what testdata/frames holds of a template.
type frameFile struct {
	Manual    string         `yaml:"manual"`
	Registers []register     `yaml:"registers"`
	Expect    map[string]any `yaml:"expect"`
	Published []exchange     `yaml:"published"`
	Frames    []exchange     `yaml:"frames"`

	path     string
	template *template.Template
}

// register is a run of values at a place, in the manual's own numbers: First is the number of the wire's address 0.
type register struct {
	Area   string `yaml:"area" json:"area"`
	First  int    `yaml:"first" json:"-"`
	At     int    `yaml:"at" json:"at"`
	Format string `yaml:"format" json:"format"`
	Order  string `yaml:"order" json:"order,omitempty"`
	Values []any  `yaml:"values" json:"values"`
}

// exchange is a request and its answer as PDUs in hex: without transaction, length and unit.
type exchange struct {
	Source   string         `yaml:"source"`
	Request  string         `yaml:"request"`
	Response string         `yaml:"response"`
	Expect   map[string]any `yaml:"expect"`
}

func frameFiles(t *testing.T) []*frameFile {
	t.Helper()
	devices, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/frames/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	out := make([]*frameFile, len(names))
	for i, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f := &frameFile{path: name}
		if err := yaml.UnmarshalWithOptions(data, f, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f.template = devices.Get(strings.TrimSuffix(filepath.Base(name), ".yaml")); f.template == nil {
			t.Fatalf("%s: no such template", name)
		}
		out[i] = f
	}
	return out
}

// link is what a link to the template's device should be set to.
func (f *frameFile) link(t *testing.T, address string) json.RawMessage {
	t.Helper()
	fields := map[string]any{"address": address}
	for k, v := range f.template.Link {
		fields[k] = v
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (f *frameFile) points(unit string, keys func(string) bool) (out []driver.Point) {
	for i, p := range f.template.Points {
		if keys(p.Key) {
			out = append(out, driver.Point{ID: uint32(i), Unit: unit, Address: p.Address, Encoding: p.Encoding, Order: p.Order, Type: p.Type.Telemetry(), Scale: p.Scale, Offset: p.Offset})
		}
	}
	return out
}

// read reads points and holds what comes against what is expected; it returns the PDUs of the wire.
func (f *frameFile) read(t *testing.T, link json.RawMessage, points []driver.Point, expect map[string]any) (wire []exchange) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := modbus.New().Open(ctx, link, func(fr driver.Frame) {
		pdu := strings.ToUpper(hex.EncodeToString(fr.Data[modbus.HeaderLen:]))
		if fr.Sent {
			wire = append(wire, exchange{Request: pdu})
		} else {
			wire[len(wire)-1].Response = pdu
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := map[string]driver.Sample{}
	err = s.Read(ctx, points, func(_ context.Context, samples []driver.Sample) error {
		for _, x := range samples {
			got[f.template.Points[x.ID].Key] = x
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", f.path, err)
	}
	for key, want := range expect {
		x, told := got[key]
		if p := f.template.Point(key); p == nil || !told || x.Status != telemetry.Good || !equal(p, x.Value, want) {
			t.Errorf("%s: %s is %+v, want %v", f.path, key, x, want)
		}
	}
	return wire
}

// equal compares a value with one of YAML. Scaled integers are compared to within rounding, float32 to its 24 bits.
func equal(p *template.Point, got telemetry.Value, want any) bool {
	if b, ok := want.(bool); ok {
		return got.Type == telemetry.Bool && (got.Bits == 1) == b
	}
	x, err := strconv.ParseFloat(fmt.Sprint(want), 64)
	if err != nil {
		return false
	}
	switch got.Type {
	case telemetry.Int64:
		return float64(int64(got.Bits)) == x
	case telemetry.Float64:
		within := 1e-9
		if p.Encoding == "f32" {
			within = 1.0 / (1 << 23)
		}
		return math.Abs(math.Float64frombits(got.Bits)-x) <= within*math.Abs(x)
	}
	return false
}

func every(string) bool { return true }

// Every point of a template with frames has an expected value, and what the recorded frames hold is what is read.
func TestTemplatesReadTheirFrames(t *testing.T) {
	for _, f := range frameFiles(t) {
		t.Run(f.template.ID, func(t *testing.T) {
			for _, p := range f.template.Points {
				if _, ok := f.Expect[p.Key]; !ok {
					t.Errorf("%s: nothing is expected of %s", f.path, p.Key)
				}
			}
			address := replay(t, f.Frames)
			wire := f.read(t, f.link(t, address), f.points("1", every), f.Expect)
			if !slices.EqualFunc(wire, f.Frames, func(a, b exchange) bool { return a.Request == b.Request && a.Response == b.Response }) {
				t.Errorf("%s: the wire saw %v", f.path, wire)
			}
			for _, e := range f.Published {
				e.Request, e.Response = strings.ToUpper(e.Request), strings.ToUpper(e.Response)
				points := f.points("1", func(key string) bool { _, ok := e.Expect[key]; return ok })
				wire := f.read(t, f.link(t, replay(t, []exchange{e})), points, e.Expect)
				if len(wire) != 1 || wire[0].Request != e.Request {
					t.Errorf("%s: asked %v where the manual asks %s", f.path, wire, e.Request)
				}
			}
		})
	}
}

// replay serves recorded answers; what was not recorded is refused with exception 2.
func replay(t *testing.T, frames []exchange) (address string) {
	t.Helper()
	answers := map[string][]byte{}
	for _, e := range frames {
		answer, err := hex.DecodeString(e.Response)
		if err != nil || len(answer) == 0 {
			t.Fatalf("answer %q: %v", e.Response, err)
		}
		answers[e.Request] = answer
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			head := make([]byte, modbus.HeaderLen)
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			h, err := modbus.ParseHeader(head)
			if err != nil {
				return
			}
			pdu := make([]byte, h.PDU)
			if _, err := io.ReadFull(conn, pdu); err != nil {
				return
			}
			answer, ok := answers[strings.ToUpper(hex.EncodeToString(pdu))]
			if !ok {
				answer = []byte{pdu[0] | 0x80, 2}
			}
			head[4], head[5] = byte((len(answer)+1)>>8), byte(len(answer)+1)
			if _, err := conn.Write(append(head, answer...)); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// TestTemplatesReadRegistersOfPymodbus: an independent program lays the values of the manual out in registers and
// answers; what it answers is what the recorded frames hold.
func TestTemplatesReadRegistersOfPymodbus(t *testing.T) {
	files := frameFiles(t)
	address := pymodbus(t, files)
	for i, f := range files {
		t.Run(f.template.ID, func(t *testing.T) {
			wire := f.read(t, f.link(t, address), f.points(strconv.Itoa(i+1), every), f.Expect)
			if *update {
				f.write(t, wire)
				return
			}
			if !slices.EqualFunc(wire, f.Frames, func(a, b exchange) bool { return a.Request == b.Request && a.Response == b.Response }) {
				t.Errorf("%s: pymodbus answers %v; recorded are %v (go test ./packs -run Registers -update)", f.path, wire, f.Frames)
			}
		})
	}
}

func pymodbus(t *testing.T, files []*frameFile) (address string) {
	t.Helper()
	// Debian's interpreter has Debian's packages; another python3 may come first in PATH.
	const python = "/usr/bin/python3"
	peertest.Require(t, python)
	if out, err := exec.Command(python, "-c", "import pymodbus.server.async_io").CombinedOutput(); err != nil {
		t.Logf("%s", out)
		peertest.Missing(t, "python3-pymodbus (with python3-serial-asyncio)")
	}
	units := map[string][]register{}
	for i, f := range files {
		registers := slices.Clone(f.Registers)
		for j := range registers {
			registers[j].At -= registers[j].First
		}
		units[strconv.Itoa(i+1)] = registers
	}
	input, err := json.Marshal(units)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(python, "testdata/registers_server.py", port)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("pymodbus says %q, %v\n%s", line, err, trouble.String())
	}
	return address
}

// write puts the frames at the end of the file, in place of those that stand there.
func (f *frameFile) write(t *testing.T, wire []exchange) {
	t.Helper()
	data, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	kept, _, _ := strings.Cut(string(data), "frames:\n")
	var b strings.Builder
	b.WriteString(kept + "frames:\n")
	for _, e := range wire {
		fmt.Fprintf(&b, "  - {request: %q, response: %q}\n", e.Request, e.Response)
	}
	if err := os.WriteFile(f.path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
