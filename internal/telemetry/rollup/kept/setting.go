package kept

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// settings are all that was said of one series, oldest first.
type settings struct {
	counter []setting
	states  []setting
	meters  []MeterChange
}

// setting is one thing that was said: that a series is a counter, or keeps durations in state, or not any more.
type setting struct {
	made             int64
	given            bool
	modulus, maxStep float64
	reason           string
	by               audit.Actor
}

// MeterChange is one change of a meter, as it was told.
type MeterChange struct {
	ID        uuid.UUID
	At        int64
	Void      bool // there was none at that time, whatever was told before
	Old, New  telemetry.Value
	Reason    string
	Reference string
	By        audit.Actor
	Made      int64
}

// Counter is what is said of a counter.
type Counter struct {
	Modulus float64
	MaxStep float64
	Reason  string
	By      audit.Actor
	Made    int64
	Changes []MeterChange // those that count, in order of their times
}

// subject is a series with the definition of its rows.
type subject struct {
	ref    telemetry.Ref
	series telemetry.Series
	d      rollup.Definition
	head   string // what of the counter's version does not depend on the bucket
	single string // silence version of a series that always reported the same way
}

// subject finds a series and what was said of it up to a time; 0 is now.
func (s *Service) subject(id uuid.UUID, made int64) (*subject, error) {
	ref, ok := s.o.Store.Lookup(id)
	if !ok {
		return nil, fmt.Errorf("series %s: %w", id, ErrUnknown)
	}
	return s.subjectOf(ref, made)
}

func (s *Service) subjectOf(ref telemetry.Ref, made int64) (*subject, error) {
	series, ok := s.o.Store.Series(ref)
	if !ok {
		return nil, fmt.Errorf("series number %d: %w", ref, ErrUnknown)
	}
	if made == 0 {
		made = math.MaxInt64
	}
	x := &subject{ref: ref, series: series, d: rollup.Definition{Type: series.Type, Reporting: series.Reporting}}
	if len(series.Reporting) == 1 {
		x.single = rollup.SilenceVersion(series.Reporting, telemetry.Span{From: 0, To: 1})
	}
	s.settingMu.RLock()
	defer s.settingMu.RUnlock()
	k := s.settings[series.ID]
	if k == nil {
		return x, nil
	}
	x.d.States = said(k.states, made).given && series.Type == telemetry.Int64
	if c := said(k.counter, made); c.given {
		n := rollup.Counter{Modulus: c.modulus, MaxStep: c.maxStep}
		for _, m := range counted(k.meters, made) {
			n.Changes = append(n.Changes, rollup.MeterChange{At: m.At, Old: m.Old, New: m.New, Reason: m.Reason})
		}
		x.head = fmt.Sprintf("modulus %s\nmaxStep %s\n", decimal(c.modulus), decimal(c.maxStep))
		n.Version = x.counterVersion(&n, telemetry.Span{From: -1, To: math.MaxInt64 - 1})
		x.d.Counter = &n
	}
	return x, nil
}

// said is the newest that was said by a time.
func said(all []setting, made int64) setting {
	for _, x := range slices.Backward(all) {
		if x.made <= made {
			return x
		}
	}
	return setting{}
}

// counted are the meter changes that count, in order of their times: of one time what was said last.
func counted(all []MeterChange, made int64) (out []MeterChange) {
	for _, x := range all {
		if x.Made > made {
			continue
		}
		i, found := slices.BinarySearchFunc(out, x.At, func(m MeterChange, at int64) int { return cmp.Compare(m.At, at) })
		if found {
			out[i] = x
		} else {
			out = slices.Insert(out, i, x)
		}
	}
	return slices.DeleteFunc(out, func(m MeterChange) bool { return m.Void })
}

// counterVersion names what of a counter bears on a bucket: what holds throughout, and the changes in it. One that it does
// not contain makes rows anew where their figures change by it, as the reading after it.
func (x *subject) counterVersion(c *rollup.Counter, span telemetry.Span) string {
	h := sha256.New()
	h.Write([]byte(x.head))
	i, _ := slices.BinarySearchFunc(c.Changes, span.From+1, func(m rollup.MeterChange, at int64) int { return cmp.Compare(m.At, at) })
	for ; i < len(c.Changes) && c.Changes[i].At <= span.To; i++ {
		m := &c.Changes[i]
		fmt.Fprintf(h, "%d %d %d\n", m.At, m.Old.Bits, m.New.Bits)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// word is a row of a bucket with all that names its formula.
func (x *subject) word(level rollup.Level, b bucket) Word {
	w := Word{Level: level, States: x.d.States, Calendar: b.version, Silence: x.single}
	span := telemetry.Span{From: b.from, To: b.to}
	if w.Silence == "" {
		w.Silence = rollup.SilenceVersion(x.d.Reporting, span)
	}
	if x.d.Counter != nil {
		w.Counter = x.counterVersion(x.d.Counter, span)
	}
	w.From, w.To, w.Type = b.from, b.to, x.d.Type
	return w
}

// sameFormula tells whether a kept row is of the bucket and of the formula of another.
func (w *Word) sameFormula(o *Word) bool {
	return w.From == o.From && w.To == o.To && w.Level == o.Level && w.Type == o.Type && w.States == o.States && w.Calendar == o.Calendar && w.Counter == o.Counter && w.Silence == o.Silence
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// reading writes and reads a reading of a counter as text.
func readingText(v telemetry.Value) string {
	if v.Type == telemetry.Float64 {
		return decimal(math.Float64frombits(v.Bits))
	}
	return strconv.FormatInt(int64(v.Bits), 10)
}

func parseReading(t telemetry.Type, s string) (telemetry.Value, bool) {
	v := telemetry.Value{Type: t}
	if t == telemetry.Int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		v.Bits = uint64(n)
		return v, err == nil
	}
	x, err := strconv.ParseFloat(s, 64)
	v.Bits = math.Float64bits(x)
	return v, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

func checkReason(reason, reference string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > MaxReason {
		return ErrReason.At("body.reason", reason).With("min", minReason).With("max", MaxReason)
	}
	if utf8.RuneCountInString(reference) > MaxReference {
		return ErrReference.At("body.reference", reference).With("max", MaxReference)
	}
	return nil
}

// may finds a series that the caller may use a verb on. Whoever reads the organisation and lacks the verb gets 403,
// everybody else 404.
func (s *Service) may(ctx context.Context, verb auth.Verb, id uuid.UUID) (telemetry.Ref, telemetry.Series, auth.Scope, error) {
	if _, err := auth.Need(ctx); err != nil {
		return 0, telemetry.Series{}, auth.Scope{}, err
	}
	if ref, ok := s.o.Store.Lookup(id); ok {
		if series, ok := s.o.Store.Series(ref); ok {
			scope, err := auth.Allow(ctx, verb, series.Org)
			if errors.Is(err, auth.ErrNotFound) {
				err = problem.NotFound.At("path.id", id.String())
			}
			if err == nil && s.isDerived(ref) {
				err = ErrDerived.At("path.id", id.String())
			}
			return ref, series, scope, err
		}
	}
	return 0, telemetry.Series{}, auth.Scope{}, problem.NotFound.At("path.id", id.String())
}

// SetCounter says that a series is a counter, and how it counts: modulus and maxStep as rollup.Counter has them.
// Errors: ErrCounter, ErrReason.
func (s *Service) SetCounter(ctx context.Context, id uuid.UUID, modulus, maxStep float64, reason string) (Counter, error) {
	_, series, scope, err := s.may(ctx, auth.Configure, id)
	if err != nil {
		return Counter{}, err
	}
	if err := checkReason(reason, ""); err != nil {
		return Counter{}, err
	}
	if err := counterFault((&rollup.Counter{Modulus: modulus, MaxStep: maxStep}).Check(series.Type)); err != nil {
		return Counter{}, err
	}
	err = s.say(ctx, scope, series, "counter", setting{given: true, modulus: modulus, maxStep: maxStep, reason: reason},
		map[string]any{"modulus": modulus, "maxStep": maxStep, "reason": reason})
	if err != nil {
		return Counter{}, err
	}
	return s.counterOf(series)
}

// counterFault gives a definition's fault its problem.
func counterFault(err error) error {
	var d *rollup.DefinitionError
	if !errors.As(err, &d) {
		return err
	}
	_, field, ok := strings.Cut(d.Field, "counter.")
	if !ok {
		return ErrCounter.At("path.id", d.Value).With("field", d.Field).With("why", d.Reason)
	}
	return ErrCounter.At("body."+field, d.Value).With("field", field).With("why", d.Reason)
}

// ClearCounter says that a series is no counter any more; its meter changes are kept and count if it becomes one again.
// Errors: ErrNoCounter, ErrReason.
func (s *Service) ClearCounter(ctx context.Context, id uuid.UUID, reason string) error {
	_, series, scope, err := s.may(ctx, auth.Configure, id)
	if err != nil {
		return err
	}
	if err := checkReason(reason, ""); err != nil {
		return err
	}
	if _, err := s.counterOf(series); err != nil {
		return err
	}
	return s.say(ctx, scope, series, "counter", setting{reason: reason}, map[string]any{"reason": reason})
}

// Counter is what counts of a counter now. Error: ErrNoCounter.
func (s *Service) Counter(ctx context.Context, id uuid.UUID) (Counter, error) {
	_, series, _, err := s.may(ctx, auth.Read, id)
	if err != nil {
		return Counter{}, err
	}
	return s.counterOf(series)
}

func (s *Service) counterOf(series telemetry.Series) (Counter, error) {
	s.settingMu.RLock()
	defer s.settingMu.RUnlock()
	k := s.settings[series.ID]
	if k == nil || !said(k.counter, math.MaxInt64).given {
		return Counter{}, ErrNoCounter.At("path.id", series.ID.String())
	}
	c := said(k.counter, math.MaxInt64)
	return Counter{Modulus: c.modulus, MaxStep: c.maxStep, Reason: c.reason, By: c.by, Made: c.made, Changes: counted(k.meters, math.MaxInt64)}, nil
}

// SetStates says whether durations in state are kept for an int64 series. Errors: ErrStates, ErrReason.
func (s *Service) SetStates(ctx context.Context, id uuid.UUID, kept bool, reason string) error {
	_, series, scope, err := s.may(ctx, auth.Configure, id)
	if err != nil {
		return err
	}
	if series.Type != telemetry.Int64 {
		return ErrStates.At("path.id", id.String()).With("type", series.Type.String())
	}
	if err := checkReason(reason, ""); err != nil {
		return err
	}
	return s.say(ctx, scope, series, "states", setting{given: kept, reason: reason}, map[string]any{"kept": kept, "reason": reason})
}

// NewMeterChange is a change of a meter that is told. Old and New are
// readings in decimal digits, in the type of the series.
type NewMeterChange struct {
	At        time.Time
	Void      bool
	Old, New  string
	Reason    string
	Reference string
}

// ChangeMeter says that a counter's meter was changed, or its register set. Said again of the same time it takes the
// place of what was said before; void says that there was none. Errors: ErrNoCounter, ErrMeter, ErrCounter, ErrReason,
// ErrReference.
func (s *Service) ChangeMeter(ctx context.Context, id uuid.UUID, q NewMeterChange) (MeterChange, error) {
	_, series, scope, err := s.may(ctx, auth.Configure, id)
	if err != nil {
		return MeterChange{}, err
	}
	if err := checkReason(q.Reason, q.Reference); err != nil {
		return MeterChange{}, err
	}
	s.saying.Lock()
	defer s.saying.Unlock()
	before, err := s.counterOf(series)
	if err != nil {
		return MeterChange{}, err
	}
	at, ok := instant(q.At)
	if !ok {
		return MeterChange{}, ErrMeter.At("body.at", q.At.Format(time.RFC3339Nano)).With("type", series.Type.String())
	}
	m := MeterChange{ID: uuid.Must(uuid.NewV7()), At: at, Void: q.Void, Reason: q.Reason, Reference: q.Reference, Made: s.o.Now().UnixNano()}
	if !q.Void {
		if m.Old, ok = parseReading(series.Type, q.Old); !ok {
			return MeterChange{}, ErrMeter.At("body.old", q.Old).With("type", series.Type.String())
		}
		if m.New, ok = parseReading(series.Type, q.New); !ok {
			return MeterChange{}, ErrMeter.At("body.new", q.New).With("type", series.Type.String())
		}
		if len(before.Changes) >= rollup.MaxChanges {
			return MeterChange{}, ErrCounter.At("body.at", q.At.Format(time.RFC3339Nano)).With("field", "changes").With("why", fmt.Sprintf("at most %d", rollup.MaxChanges))
		}
	}
	e := scope.Act(ctx, s.o.Now(), "rollup.meter", audit.Object{Kind: "series", ID: series.ID.String()}, nil,
		map[string]any{"at": q.At, "void": q.Void, "old": q.Old, "new": q.New, "reason": q.Reason, "reference": q.Reference})
	m.By = e.Actor
	row, err := meterRowOf(&m, series)
	if err != nil {
		return MeterChange{}, err
	}
	t := todoRow{ID: uuid.Must(uuid.NewV7()).String(), Series: series.ID, Since: at, Until: at + 1, Cause: string(Meter)}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return MeterChange{}, fmt.Errorf("write down the change of a meter: %w", store.Err(err))
	}
	s.settingMu.Lock()
	k := s.setting(series.ID)
	k.meters = append(slices.Clip(k.meters), m)
	s.takeTodo(&t)
	s.settingMu.Unlock()
	s.nudge()
	return m, nil
}

// MeterChanges are all that were told of a series, oldest first, those that count no more among them.
func (s *Service) MeterChanges(ctx context.Context, id uuid.UUID) ([]MeterChange, error) {
	if _, _, _, err := s.may(ctx, auth.Read, id); err != nil {
		return nil, err
	}
	s.settingMu.RLock()
	defer s.settingMu.RUnlock()
	if k := s.settings[id]; k != nil {
		return slices.Clone(k.meters), nil
	}
	return nil, nil
}

// setting finds or begins what is said of a series. The caller has the lock.
func (s *Service) setting(id uuid.UUID) *settings {
	k := s.settings[id]
	if k == nil {
		k = &settings{}
		s.settings[id] = k
	}
	return k
}

// say writes a setting down, and that all rows of the series are to be made anew.
func (s *Service) say(ctx context.Context, scope auth.Scope, series telemetry.Series, kind string, x setting, after any) error {
	s.saying.Lock()
	defer s.saying.Unlock()
	x.made = s.o.Now().UnixNano()
	e := scope.Act(ctx, s.o.Now(), "rollup."+kind, audit.Object{Kind: "series", ID: series.ID.String()}, nil, after)
	x.by = e.Actor
	actor, err := json.Marshal(x.by)
	if err != nil {
		return err
	}
	cause := Meter
	if kind == "states" {
		cause = States
	}
	row := settingRow{ID: uuid.Must(uuid.NewV7()).String(), Org: series.Org, Series: series.ID, Kind: kind, Given: flag(x.given),
		Modulus: decimal(x.modulus), MaxStep: decimal(x.maxStep), Reason: x.reason, Actor: string(actor), Made: x.made}
	t := todoRow{ID: uuid.Must(uuid.NewV7()).String(), Series: series.ID, Since: 0, Until: telemetry.MaxTime, Cause: string(cause)}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("write down what a series is: %w", store.Err(err))
	}
	s.settingMu.Lock()
	k := s.setting(series.ID)
	if kind == "counter" {
		k.counter = append(slices.Clip(k.counter), x)
	} else {
		k.states = append(slices.Clip(k.states), x)
	}
	s.takeTodo(&t)
	s.settingMu.Unlock()
	s.nudge()
	return nil
}

// instant is a time that the store can hold.
func instant(t time.Time) (int64, bool) {
	if y := t.UTC().Year(); t.IsZero() || y < 1970 || y >= 2200 {
		return 0, false
	}
	return t.UnixNano(), true
}

func flag(x bool) int64 {
	if x {
		return 1
	}
	return 0
}
