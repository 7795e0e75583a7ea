package fleet

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/shown"
)

// LinkAnswer is what asking a device brought: the member that was asked for, and a fault where the device could not be
// reached or refused everything. A refused point or address is a status, not a fault.
type LinkAnswer struct {
	TookMs   float64       `json:"tookMs"`
	Fault    *LinkFault    `json:"fault,omitempty" doc:"What came between the gateway and the device; absent where all went well"`
	Samples  []LinkSample  `json:"samples,omitempty" doc:"One for each point asked for, in that order"`
	Probe    *LinkProbe    `json:"probe,omitempty"`
	Nodes    []LinkNode    `json:"nodes,omitempty"`
	Next     string        `json:"next,omitempty" doc:"Where the next page of nodes begins"`
	Requests []LinkRequest `json:"requests,omitempty"`
	Frames   []LinkFrame   `json:"frames,omitempty" doc:"Oldest first"`
}

// LinkFault is what went wrong between a gateway and a device.
type LinkFault struct {
	Code      string     `json:"code"`
	Text      text.Text  `json:"text"`
	Detail    string     `json:"detail" doc:"As the system told it"`
	Attention *Attention `json:"attention,omitempty"`
}

// LinkSample is a value that was read on demand. It is not recorded.
type LinkSample struct {
	Time        *time.Time   `json:"time,omitempty" doc:"Source time"`
	GatewayTime *time.Time   `json:"gatewayTime,omitempty"`
	Value       shown.Value  `json:"value"`
	Type        string       `json:"type,omitempty" enum:"float64,int64,bool,string"`
	Status      shown.Status `json:"status"`
	Wrong       *LinkWrong   `json:"wrong,omitempty" doc:"Why the point cannot be read as it is written"`
}

// LinkWrong is a field of a point that cannot be used.
type LinkWrong struct {
	Field string    `json:"field"`
	Value string    `json:"value,omitempty"`
	Text  text.Text `json:"text"`
}

// LinkProbe is what one address holds.
type LinkProbe struct {
	Address  string        `json:"address" doc:"Canonical"`
	Raw      string        `json:"raw" doc:"Hexadecimal, as it came"`
	Status   shown.Status  `json:"status"`
	Readings []LinkReading `json:"readings" nullable:"false"`
}

// LinkReading is one meaning of a probed address.
type LinkReading struct {
	Encoding string `json:"encoding" doc:"As a point would have it"`
	Order    string `json:"order,omitempty"`
	Value    string `json:"value"`
	Type     string `json:"type" enum:"float64,int64,bool,string"`
	Likely   bool   `json:"likely" doc:"A guess: a person would believe this one"`
}

// LinkNode is an address that a device offers.
type LinkNode struct {
	Address  string `json:"address"`
	Name     string `json:"name"`
	Encoding string `json:"encoding,omitempty"`
	Leaf     bool   `json:"leaf"`
	Writable bool   `json:"writable"`
}

// LinkRequest is a request that a scan sends.
type LinkRequest struct {
	Summary string      `json:"summary"`
	EveryMs int64       `json:"everyMs,omitempty"`
	Points  []uuid.UUID `json:"points,omitempty" doc:"Of the plant"`
	Places  []uint32    `json:"places,omitempty" doc:"Of an attempt: places in its list of points, from 0"`
}

// LinkFrame is a message on the wire.
type LinkFrame struct {
	Time time.Time `json:"time"`
	Sent bool      `json:"sent"`
	Hex  string    `json:"hex"`
	Size int       `json:"size,omitempty" doc:"Bytes of the whole, where hex is cut"`
	Note string    `json:"note"`
}

func answerOf(a *document.Answer, skip int) *LinkAnswer {
	out := &LinkAnswer{TookMs: a.TookMs}
	if f := a.Fault; f != nil {
		out.Fault = &LinkFault{Code: f.Code, Text: f.Text, Detail: f.Detail, Attention: attention(f)}
	}
	for i := range a.Samples {
		s := &a.Samples[i]
		one := LinkSample{Value: shown.Value{Value: s.Get()}, Type: s.Type, Status: shown.StatusOf(s.Status), Time: store.Instant(s.Time), GatewayTime: store.Instant(s.Gateway)}
		if s.Wrong != nil {
			one.Wrong = &LinkWrong{Field: s.Wrong.Field, Value: s.Wrong.Value, Text: s.Wrong.Text}
		}
		out.Samples = append(out.Samples, one)
	}
	if p := a.Probe; p != nil {
		out.Probe = &LinkProbe{Address: p.Address, Raw: hex.EncodeToString(p.Raw), Status: shown.StatusOf(p.Status), Readings: []LinkReading{}}
		for _, r := range p.Readings {
			out.Probe.Readings = append(out.Probe.Readings, LinkReading(r))
		}
	}
	for _, n := range a.Nodes {
		out.Nodes = append(out.Nodes, LinkNode(n))
	}
	if a.More {
		out.Next = strconv.Itoa(skip + len(a.Nodes))
	}
	for _, r := range a.Requests {
		out.Requests = append(out.Requests, LinkRequest{Summary: r.Summary, EveryMs: r.EveryMs, Points: r.Series, Places: r.Places})
	}
	for _, f := range a.Frames {
		out.Frames = append(out.Frames, LinkFrame{Time: f.Time, Sent: f.Sent, Hex: hex.EncodeToString(f.Data), Size: f.Size, Note: f.Note})
	}
	return out
}

// AskLink asks a device of a link that runs. The caller needs need for it; what reads values is noted with note.
func (s *Service) AskLink(ctx context.Context, link uuid.UUID, need auth.Verb, q document.Ask, note bool) (*LinkAnswer, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	l, err := findLink(ctx, s.o.DB, visible, link)
	if err != nil {
		return nil, err
	}
	scope, err := auth.Allow(ctx, need, l.Org)
	if err != nil {
		return nil, err
	}
	q.Link = link
	if note {
		if err := s.noteQuestion(ctx, scope, "fleet.link."+string(q.Verb), linkObject(l), &q); err != nil {
			return nil, err
		}
	}
	a, err := s.ask(ctx, l.Gateway, &q)
	if err != nil {
		return nil, err
	}
	return answerOf(a, q.Skip), nil
}

// Try asks a device over a link that is opened for this question alone. A device that an existing link leads to is
// asked through that: many take one connection only. Errors: ErrDriver, ErrConfig, ErrLinkTaken and those of asking.
func (s *Service) Try(ctx context.Context, gateway uuid.UUID, driverName string, config json.RawMessage, q document.Ask) (*LinkAnswer, error) {
	g, scope, err := s.own(ctx, gateway)
	if err != nil {
		return nil, err
	}
	if config, err = s.checkConfig(driverName, nil, config); err != nil {
		return nil, err
	}
	if q.Verb != document.Plan {
		links, err := gatewayLinks(ctx, s.o.DB, scope, gateway)
		if err != nil {
			return nil, err
		}
		if err := s.apart(&Link{Driver: driverName, Config: config}, links); err != nil {
			return nil, err
		}
		q.Try = &document.Try{Driver: driverName, Config: s.masked(driverName, config)}
		if err := s.noteQuestion(ctx, scope, "fleet.gateway.try", gatewayObject(g), &q); err != nil {
			return nil, err
		}
	}
	q.Try = &document.Try{Driver: driverName, Config: config}
	a, err := s.ask(ctx, gateway, &q)
	if err != nil {
		return nil, err
	}
	return answerOf(a, q.Skip), nil
}

// SettleQuarantine has a gateway offer the samples that the node refused once more, or throw them away for a reason. It
// returns how many records it was about.
func (s *Service) SettleQuarantine(ctx context.Context, gateway uuid.UUID, verb document.Verb, reason string) (uint64, *LinkFault, error) {
	g, scope, err := s.own(ctx, gateway)
	if err != nil {
		return 0, nil, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return s.note(ctx, tx, scope, "fleet.quarantine."+string(verb), gatewayObject(g), nil, map[string]any{"reason": reason})
	})
	if err != nil {
		return 0, nil, err
	}
	a, err := s.ask(ctx, gateway, &document.Ask{Verb: verb, Reason: reason})
	if err != nil {
		return 0, nil, err
	}
	return a.Records, answerOf(a, 0).Fault, nil
}

// noteQuestion writes down who asks what of a device, before it is asked.
func (s *Service) noteQuestion(ctx context.Context, scope auth.Scope, verb string, object audit.Object, q *document.Ask) error {
	after := map[string]any{"verb": q.Verb}
	if q.Try != nil {
		after["driver"], after["config"] = q.Try.Driver, q.Try.Config
	}
	if q.Address != "" {
		after["unit"], after["address"] = q.Unit, q.Address
	}
	if n := len(q.Points); n > 0 {
		after["points"] = n
		after["first"] = map[string]any{"unit": q.Points[0].Unit, "address": q.Points[0].Address}
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return s.note(ctx, tx, scope, verb, object, nil, after) })
}

// skipOf reads a browse cursor.
func skipOf(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(cursor, 10, 31)
	if err != nil {
		return 0, ErrCursor.At("body.cursor", cursor)
	}
	return int(n), nil
}
