package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
)

// KindTrace is the kind of the leaves of the evidence log that hold the events of one capture.
const KindTrace = "trace"

const (
	proofFormat  = "jingwei-event-proof/1"
	recordFormat = "jingwei-trace-event/1"
	maxProof     = evidence.MaxProofFile + 32<<20
)

// canonical is an event as it is proved: the lines recordFormat, organisation and capture, and its text behind them.
func canonical(org, capture uuid.UUID, text []byte) []byte {
	return append(fmt.Appendf(nil, "%s\n%s\n%s\n", recordFormat, org, capture), text...)
}

// prove takes the events of a job down as a group of the evidence log.
func (w *writing) prove(j *job, keep []*entry) error {
	if w.l.book == nil || len(keep) == 0 {
		return nil
	}
	records := make([][]byte, len(keep))
	for i, x := range keep {
		records[i] = canonical(j.org, j.id, x.text)
	}
	return w.l.book.Put(w.ctx, w.tx, KindTrace, w.next.capture, j.recorded, records)
}

// EventProof is all that is needed, beside the node's public key, to see that an event was captured as it stands, by whom and when. As
// a file it is one JSON object.
type EventProof struct {
	Event []byte      // canonical bytes: format, organisation, capture, text
	Group group.Proof // of these among the events of the capture, and of the capture in the log
}

type proofFile struct {
	Format string          `json:"format"`
	Event  []byte          `json:"event"` // base64
	Group  json.RawMessage `json:"group"`
}

// Encode returns the proof as a file.
func (p EventProof) Encode() ([]byte, error) {
	inner, err := p.Group.Encode()
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(proofFile{proofFormat, p.Event, inner}, "", "  ")
	return append(b, '\n'), err
}

// ParseEventProof reads a proof file and checks its form alone.
func ParseEventProof(b []byte) (EventProof, error) {
	if len(b) > maxProof {
		return EventProof{}, fmt.Errorf("the proof has %d bytes, at most %d are read", len(b), maxProof)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var p proofFile
	if err := d.Decode(&p); err != nil {
		return EventProof{}, fmt.Errorf("the proof: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return EventProof{}, errors.New("the proof: something stands behind its end")
	}
	if p.Format != proofFormat {
		return EventProof{}, fmt.Errorf("the proof: format %.60q is not known; this program reads %q", p.Format, proofFormat)
	}
	inner, err := group.ParseProof(p.Group)
	return EventProof{p.Event, inner}, err
}

// Verify checks that the event is in a capture, and the capture in the log of the keys. at is when the node captured it. Errors:
// evidence.ErrNotProved.
func (p EventProof) Verify(origin string, keys ...evidence.Verifier) (at time.Time, err error) {
	e, _, err := p.Group.Verify(p.Event, KindTrace, origin, keys...)
	if err != nil {
		return at, err
	}
	return time.Unix(0, e.CommitTime).UTC(), nil
}

// Prove gives the proof of an event in sight; of several with one id that of the first. Errors: ErrUnknown; ErrNotProved while the
// evidence log does not cover it.
func (s *Service) Prove(ctx context.Context, id string) (EventProof, error) {
	v, err := s.sight(ctx)
	if err != nil {
		return EventProof{}, err
	}
	list, err := s.l.byID(ctx, s.l.raw(), v, id)
	if err == nil && len(list) == 0 {
		err = ErrUnknown.At("query.event", id)
	}
	if err != nil {
		return EventProof{}, err
	}
	if s.o.Book == nil {
		return EventProof{}, ErrNotProved.With("event", id)
	}
	num, capture := list[0].num, list[0].capture
	records, first, err := s.l.records(ctx, capture)
	if err != nil {
		return EventProof{}, err
	}
	place := int(num - first)
	p, err := s.o.Book.Prove(ctx, KindTrace, capture, records, place)
	if errors.Is(err, group.ErrOpen) {
		return EventProof{}, ErrNotProved.With("event", id)
	}
	if err != nil {
		return EventProof{}, err
	}
	return EventProof{records[place], p}, nil
}

// records are the events of a capture as they are proved; first is the number of the first of them.
func (l *ledger) records(ctx context.Context, capture int64) (records [][]byte, first int64, err error) {
	var id, org uuid.UUID
	var of int
	err = l.raw().QueryRowContext(ctx, "SELECT c.id, o.org, c.first, c.events FROM trace_captures c JOIN trace_orgs o ON o.num = c.org WHERE c.num = "+numbers([]int64{capture})).Scan(&id, &org, &first, &of)
	if err != nil {
		return nil, 0, wrap("read a capture", err)
	}
	nums := make([]int64, of)
	for i := range nums {
		nums[i] = first + int64(i)
	}
	all, err := l.events(ctx, l.raw(), Sight{all: true}, nums) // the proof shows nothing of the others
	if err != nil {
		return nil, 0, err
	}
	records = make([][]byte, len(all))
	for i := range all {
		records[i] = canonical(org, id, all[i].Text)
	}
	return records, first, nil
}
