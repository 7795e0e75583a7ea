package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// lab is a driver with what Modbus has not: sign-in, a certificate to approve, a tree to browse, subscriptions. Its
// device lives in this process.
type lab struct {
	mu      sync.Mutex
	open    int // sessions that live
	most    int
	waiting int // reads that wait
	ended   int // of them, by their context
}

var laboratory = &lab{}

type labConfig struct {
	driver.Common
	Address           string `json:"address"`
	Password          string `json:"password,omitempty"`
	ServerFingerprint string `json:"serverFingerprint,omitempty"`
}

const labFingerprint = "ab12"

func (l *lab) Schema() json.RawMessage { return json.RawMessage(`{}`) }
func (l *lab) Secrets() []string       { return []string{"password"} }
func (l *lab) Endpoint(link json.RawMessage) string {
	var c labConfig
	_ = json.Unmarshal(link, &c)
	return c.Address
}
func (l *lab) CheckLink(link json.RawMessage) error {
	var c labConfig
	if err := json.Unmarshal(link, &c); err != nil {
		return &driver.FieldError{Field: "config", Value: string(link), Text: driver.Text{Zh: "配置有误", En: "the configuration is wrong"}}
	}
	if c.Password == "short" {
		return &driver.FieldError{Field: "password", Value: c.Password, Text: driver.Text{Zh: "密码太短", En: "the password is too short"}}
	}
	return nil
}
func (l *lab) Check(json.RawMessage, []driver.Point) []error { return nil }

func (l *lab) Open(_ context.Context, link json.RawMessage, trace func(driver.Frame)) (driver.Session, error) {
	var c labConfig
	if err := json.Unmarshal(link, &c); err != nil {
		return nil, err
	}
	trace(driver.Frame{Sent: true, Data: []byte("hello"), Note: "hello"})
	if c.ServerFingerprint != labFingerprint {
		return nil, &driver.Fault{Code: driver.CodeUntrusted, Text: driver.Text{Zh: "证书未获信任", En: "the certificate is not trusted"},
			Attr: map[string]string{driver.AttrFingerprint: labFingerprint, driver.AttrSubject: "CN=lab", driver.AttrNotAfter: "2030-01-02T03:04:05Z"}}
	}
	if c.Password != "open sesame" {
		return nil, &driver.Fault{Code: "login", Text: driver.Text{Zh: "密码错误", En: "wrong password"}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	l.most = max(l.most, l.open)
	return &labSession{l}, nil
}

type labSession struct{ l *lab }

func (s *labSession) Close() error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.l.open--
	return nil
}

func (s *labSession) Read(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	var out []driver.Sample
	for _, p := range points {
		if p.Address == "wait" {
			s.l.mu.Lock()
			s.l.waiting++
			s.l.mu.Unlock()
			<-ctx.Done()
			s.l.mu.Lock()
			s.l.ended++
			s.l.mu.Unlock()
			return ctx.Err()
		}
		out = append(out, driver.Sample{ID: p.ID, Value: telemetry.Value{Type: telemetry.String, Text: p.Address}})
	}
	return sink(ctx, out)
}

func (s *labSession) Subscribe(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	for i := range points {
		if err := sink(ctx, []driver.Sample{{ID: points[i].ID, Value: telemetry.Value{Type: telemetry.Int64, Bits: 1}}}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *labSession) Browse(_ context.Context, node string) iter.Seq2[driver.Node, error] {
	return func(yield func(driver.Node, error) bool) {
		if node == "nowhere" {
			yield(driver.Node{}, &driver.FieldError{Field: "node", Value: node, Text: driver.Text{Zh: "没有该节点", En: "there is no such node"}})
			return
		}
		for i := range 3000 {
			if !yield(driver.Node{Address: fmt.Sprintf("%s/%d", node, i), Name: fmt.Sprintf("node \xff %d", i), Leaf: true}, nil) {
				return
			}
		}
	}
}

func (l *lab) count() (open, waiting, ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.waiting, l.ended
}
