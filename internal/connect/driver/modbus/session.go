package modbus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

// session is one TCP connection. One request is on its way at a time: most devices have no room for a second.
type session struct {
	c     Config
	conn  net.Conn
	trace func(driver.Frame)
	plans *plans
	now   func() time.Time

	transaction uint16
	quiet       time.Time // no request before this
	out         []byte    // the request
	in          [2 * MaxFrame]byte
	have        int // bytes of in that have come and not been used
	pdu         [MaxFrame]byte
	samples     []driver.Sample
}

// busyPause is how long a server that says it is busy is left alone, and busyTries how often it is asked.
const (
	busyPause = 100 * time.Millisecond
	busyTries = 3
)

// pastDeadline ends whatever waits for the connection.
var pastDeadline = time.Unix(1, 0)

func dial(ctx context.Context, c Config, trace func(driver.Frame), ps *plans) (*session, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return nil, err
	}
	return &session{c: c, conn: conn, trace: trace, plans: ps, now: time.Now, quiet: time.Now().Add(c.pauseAfterConnect())}, nil
}

// Close closes the connection.
func (s *session) Close() error { return s.conn.Close() }

// CloseAfterPoll is as configured.
func (s *session) CloseAfterPoll() bool { return s.c.CloseAfterPoll }

// Learned are the plans with what bisecting has found.
func (s *session) Learned() any { return s.plans }

// Plan tells what Read would send.
func (s *session) Plan(points []driver.Point) []driver.Request {
	return s.plans.of(s.c, points).describe()
}

// Read runs the plan of the points, one request after the other. A unit that times out once is not asked for the rest.
func (s *session) Read(ctx context.Context, points []driver.Point, sink driver.Sink) error {
	// A cancelled context must end a read that waits for bytes.
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(pastDeadline) })
	defer stop()
	p := s.plans.of(s.c, points)
	if len(p.wrong) > 0 {
		if err := sink(ctx, p.wrong); err != nil {
			return err
		}
	}
	var silent error // the first unit that did not answer
	gone := -1       // the unit last found silent; requests are sorted by unit
	for i := 0; i < len(p.requests); i++ {
		r := &p.requests[i]
		if int(r.unit) == gone {
			continue
		}
		data, err := []byte(nil), error(IllegalAddress)
		if now := s.now(); driver.IsFresh(ctx) || !r.resting(now) {
			r.asked = now
			data, err = s.ask(ctx, r)
		}
		if e := Exception(0); errors.As(err, &e) && (e == IllegalAddress || e == IllegalValue) {
			if halves := r.halve(s.c); halves != nil {
				// A hole, or more than the device gives at once. It stays split: devices do not grow registers.
				p.requests = slices.Replace(p.requests, i, i+1, halves...)
				i--
				continue
			}
			r.refused++
		} else {
			r.refused = 0
		}
		status, fatal := s.outcome(r, err)
		if unit := (*driver.UnitError)(nil); errors.As(fatal, &unit) {
			gone = int(r.unit)
			if silent == nil {
				silent = fatal
			}
			continue
		}
		if fatal != nil {
			return fatal
		}
		s.samples = s.samples[:0]
		for k := range r.fields {
			f := &r.fields[k]
			one := driver.Sample{ID: p.points[f.index].ID, Status: status}
			if err == nil {
				one.Value, one.Status = f.pick(data, r.start)
			}
			s.samples = append(s.samples, one)
		}
		if err := sink(ctx, s.samples); err != nil {
			return err
		}
	}
	return silent
}

// outcome sorts an error: the status of the request's points, or an error for the whole unit or session.
func (s *session) outcome(r *request, err error) (telemetry.Status, error) {
	var e Exception
	var misfit *AnswerError
	switch {
	case err == nil:
		return telemetry.Good, nil
	case errors.As(err, &e) && (e == NoPath || e == NoTarget), errors.Is(err, errNoAnswer):
		return 0, &driver.UnitError{Unit: strconv.Itoa(int(r.unit)), Err: fmt.Errorf("%v: %w", r, err)}
	case errors.As(err, &e):
		return e.Status(), nil
	case errors.As(err, &misfit):
		return telemetry.BadDecodingError, nil
	}
	return 0, fmt.Errorf("%v: %w", r, err)
}

// pick decodes the field from the data of a request that starts at start.
func (f *Field) pick(data []byte, start int) (telemetry.Value, telemetry.Status) {
	at := f.Address.Number - start
	if f.Address.Area.Bits() {
		bit := data[at/8] >> (at % 8) & 1
		return f.Decode([]byte{bit})
	}
	return f.Decode(data[2*at : 2*(at+f.Width)])
}

// errNoAnswer: the response timeout has passed.
var errNoAnswer = errors.New("no answer in time")

// ask sends a request and waits for its answer; a busy server is asked again.
func (s *session) ask(ctx context.Context, r *request) (data []byte, err error) {
	for try := 1; ; try++ {
		data, err = s.exchange(ctx, r)
		var e Exception
		if !errors.As(err, &e) || !e.passing() || try == busyTries {
			return data, err
		}
		if err := sleep(ctx, busyPause); err != nil {
			return nil, err
		}
	}
}

// exchange sends one request and reads until its answer comes. What else comes is passed over: late answers to requests
// given up on bear another transaction, and a mixed-up gateway's another unit. The connection is kept.
func (s *session) exchange(ctx context.Context, r *request) ([]byte, error) {
	if err := sleep(ctx, time.Until(s.quiet)); err != nil {
		return nil, err
	}
	defer func() { s.quiet = time.Now().Add(s.c.requestInterval()) }()
	s.transaction++
	s.out = AppendRead(s.out[:0], s.transaction, r.unit, r.area, r.start, r.count)
	s.conn.SetDeadline(time.Now().Add(s.c.responseTimeout()))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.tell(true, s.out)
	if _, err := s.conn.Write(s.out); err != nil {
		return nil, fmt.Errorf("write: %w", orCause(ctx, err))
	}
	for {
		h, pdu, err := s.frame()
		switch {
		case ctx.Err() != nil && err != nil:
			return nil, ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, errNoAnswer
		case errors.Is(err, ErrHeader):
			return nil, &driver.Fault{Code: driver.CodeProtocol, Err: err, Text: driver.Text{
				Zh: "对方发来的不是 Modbus TCP 报文：请检查端口，或网关是否为 RTU over TCP 模式",
				En: "what came is not Modbus TCP: check the port, and whether the gateway speaks RTU over TCP"}}
		case err != nil:
			return nil, fmt.Errorf("read: %w", err)
		case h.Transaction != s.transaction || h.Unit != r.unit:
			continue
		}
		return ParseAnswer(pdu, r.area, r.count)
	}
}

// frame returns the next whole frame. Part of one that has come before a timeout waits for its rest, so a slow line
// never loses the framing. pdu is valid until the next call.
func (s *session) frame() (Header, []byte, error) {
	for {
		if s.have >= HeaderLen {
			h, err := ParseHeader(s.in[:s.have])
			if err != nil {
				s.tell(false, s.in[:s.have])
				return h, nil, err
			}
			if n := HeaderLen + h.PDU; s.have >= n {
				s.tell(false, s.in[:n])
				k := copy(s.pdu[:], s.in[HeaderLen:n])
				s.have = copy(s.in[:], s.in[n:s.have])
				return h, s.pdu[:k], nil
			}
		}
		n, err := s.conn.Read(s.in[s.have:])
		s.have += n
		if err != nil && n == 0 {
			return Header{}, nil, err
		}
	}
}

func (s *session) tell(sent bool, data []byte) {
	if s.trace != nil {
		s.trace(driver.Frame{Sent: sent, Data: data})
	}
}

func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
