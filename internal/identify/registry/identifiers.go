package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// MaxBatch bounds the changes of one call (SNMS has the same limit).
const MaxBatch = 2000

// Input is a change as people and programs of an organisation ask for it.
type Input struct {
	Change
	Template string // version: Create follows it, and values may name items without an index
}

// Batch is what a call asks for.
type Batch struct {
	Inputs []Input
	Whole  bool   // all of them or none
	Once   string // names the call: when it comes again it changes nothing and is answered as the first time
	Reason string
}

// ChangeResult is what became of one change.
type ChangeResult struct {
	Name   handle.Name `json:"name"`
	Serial int64       `json:"serial,omitempty" doc:"Of the version; absent where it was refused"`
	Code   string      `json:"code,omitempty" doc:"Stable name of the reason for which it was refused"`
	Reason string      `json:"reason,omitempty"`

	err error
}

// Err is why the change was refused; nil where it was not, or where the answer is that of an earlier call.
func (r *ChangeResult) Err() error { return r.err }

// Submit changes identifiers of the caller's prefixes. A batch that is whole is refused with the error of its first change; of another the
// results tell. Errors: ErrPrefix, ErrOnce, ErrBatch, ErrTaken, ErrIdentifier, ErrName, ErrValue, ErrItem, ErrBasis, ErrNotHomed.
func (s *Service) Submit(ctx context.Context, b Batch) ([]ChangeResult, error) {
	if len(b.Inputs) == 0 || len(b.Inputs) > MaxBatch {
		return nil, ErrBatch.At("body", len(b.Inputs)).With("max", MaxBatch)
	}
	var scope auth.Scope
	var org uuid.UUID
	var prefix Prefix
	r := &request{whole: b.Whole}
	bad := make([]error, len(b.Inputs))
	for i := range b.Inputs {
		in := &b.Inputs[i]
		allowed, p, err := s.prefixFor(ctx, auth.Operate, subject(in.Name), "body.name")
		if err != nil {
			return nil, err
		}
		if org != uuid.Nil && p.Org != org {
			return nil, ErrPrefix.At("body.name", string(in.Name))
		}
		scope, org, prefix = allowed, p.Org, p
		if bad[i] = s.bind(p.Number, in); bad[i] == nil {
			bad[i] = in.check()
		}
		if bad[i] != nil && b.Whole {
			return nil, told("body.name", in.Name, bad[i])
		}
		r.changes = append(r.changes, in.Change)
	}
	r.by = authorOf(scope.Principal())
	entry := scope.Act(ctx, s.o.Now(), "identify.identifier."+string(r.changes[0].Operation), audit.Object{Kind: "identify.identifier", ID: string(b.Inputs[0].Name), Name: prefix.Name}, nil, map[string]any{"changes": len(r.changes)})
	entry.Object.ID = clip(entry.Object.ID)
	entry.Reason = b.Reason
	r.audit = []audit.Entry{entry}
	if b.Once != "" {
		return s.once(ctx, org, b, r, bad)
	}
	if err := s.submitGood(ctx, r, bad); err != nil {
		return nil, told("body.name", b.Inputs[0].Name, err)
	}
	return results(b.Inputs, r), nil
}

// bind makes the values of an input follow its template.
func (s *Service) bind(prefix int64, in *Input) error {
	if in.Template == "" {
		return nil
	}
	t := s.templates.get(prefix, in.Template)
	if t == nil {
		return ErrTemplate.At("body.template", in.Template)
	}
	if in.Operation == Create {
		in.Values = t.Bind(in.Values)
		return nil
	}
	for i := range in.Values {
		if it := t.named(in.Values[i].Type); it != nil && in.Values[i].Index == 0 {
			in.Values[i].Index = it.Index
		}
	}
	return nil
}

// submitGood submits the changes that have no error yet.
func (s *Service) submitGood(ctx context.Context, r *request, bad []error) error {
	all := r.changes
	var places []int
	r.changes = nil
	for i := range all {
		if bad[i] == nil {
			r.changes, places = append(r.changes, all[i]), append(places, i)
		}
	}
	out := outcome{Serials: make([]int64, len(all)), Errors: bad}
	if len(r.changes) > 0 {
		within := r.within
		if within != nil {
			r.within = func(ctx context.Context, tx bun.Tx, some *outcome) error {
				spread(&out, some, places)
				return within(ctx, tx, &out)
			}
		}
		if err := s.submit(ctx, r); err != nil {
			return err
		}
	}
	spread(&out, &r.out, places)
	r.changes, r.out = all, out
	return nil
}

// spread puts the outcome of some changes at their places among all.
func spread(all, some *outcome, places []int) {
	for i, at := range places {
		if i < len(some.Serials) {
			all.Serials[at], all.Errors[at] = some.Serials[i], some.Errors[i]
		}
	}
}

func results(inputs []Input, r *request) []ChangeResult {
	out := make([]ChangeResult, len(inputs))
	for i := range out {
		out[i] = ChangeResult{Name: inputs[i].Name, Serial: r.out.Serials[i]}
		if err := r.out.Errors[i]; err != nil {
			err = told("body.name", inputs[i].Name, err)
			out[i].err, out[i].Code, out[i].Reason = err, "internal", err.Error()
			var p *problem.Error
			if errors.As(err, &p) {
				out[i].Code = p.Kind().Code()
			}
		}
	}
	return out
}

type onceRow struct {
	bun.BaseModel `bun:"table:identify_once,alias:o"`

	Org    uuid.UUID `bun:"org,pk"`
	Once   string    `bun:"once,pk"`
	Digest string
	Result string
	At     int64
}

// onceFor is for how long a call is known again.
const onceFor = 30 * 24 * time.Hour

// once submits a call that has a name of its own, unless it was answered before.
func (s *Service) once(ctx context.Context, org uuid.UUID, b Batch, r *request, bad []error) ([]ChangeResult, error) {
	raw, err := json.Marshal(b.Inputs)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	row := onceRow{Org: org, Once: b.Once, Digest: hex.EncodeToString(sum[:]), At: s.o.Now().UnixNano()}
	if out, known, err := s.before(ctx, &row); known || err != nil {
		return out, err
	}
	var out []ChangeResult
	r.within = func(ctx context.Context, tx bun.Tx, all *outcome) error {
		seen := &request{out: *all}
		out = results(b.Inputs, seen)
		told, err := json.Marshal(out)
		if err != nil {
			return err
		}
		row.Result = string(told)
		if _, err := tx.NewDelete().Model((*onceRow)(nil)).Where("at < ?", row.At-int64(onceFor)).Exec(ctx); err != nil {
			return wrap("forget old calls", err)
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return wrap("note a call", err)
	}
	err = s.submitGood(ctx, r, bad)
	if errors.Is(err, store.ErrConflict) { // the same call came at the same time, and was first
		if out, known, err := s.before(ctx, &row); known || err != nil {
			return out, err
		}
	}
	if err != nil {
		return nil, told("body.name", b.Inputs[0].Name, err)
	}
	if out == nil {
		out = results(b.Inputs, r)
	}
	return out, nil
}

// before is the answer that a call has got already.
func (s *Service) before(ctx context.Context, row *onceRow) ([]ChangeResult, bool, error) {
	var old onceRow
	err := store.Err(s.o.DB.NewSelect().Model(&old).Where("o.org = ? AND o.once = ?", row.Org, row.Once).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, wrap("look for a call", err)
	}
	if old.Digest != row.Digest {
		return nil, true, ErrOnce.At("header.Idempotency-Key", row.Once)
	}
	var out []ChangeResult
	err = json.Unmarshal([]byte(old.Result), &out)
	return out, true, err
}
