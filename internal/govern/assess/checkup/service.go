package checkup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Documents are papers that organisations have handed in.
type Documents interface {
	// Document finds one of an organisation. Error: store.ErrNotFound.
	Document(ctx context.Context, org uuid.UUID, id string) (name string, err error)
	// Content reads one. Error: store.ErrNotFound.
	Content(ctx context.Context, org uuid.UUID, id string) (name, media string, data []byte, err error)
}

// Facts are what an organisation's plant shows.
type Facts interface {
	// Known finds facts by their keys at a time; those that cannot be found out are left out.
	Known(ctx context.Context, org uuid.UUID, keys []string, at time.Time) ([]assess.Known, error)
}

// Firm is what is known of an organisation.
type Firm struct {
	Org      uuid.UUID
	Name     text.Text
	Code     string // unified social credit code
	Industry string // division of GB/T 4754, such as C36; "" where unknown
	Size     string
	Place    string // six digits of GB/T 2260, of a city; "" where unknown
}

// Firms knows organisations.
type Firms interface {
	// Firm tells who an organisation is on a civil day; what is not known is left empty. Error: store.ErrNotFound.
	Firm(ctx context.Context, org uuid.UUID, day string) (Firm, error)
	// ByCode finds an organisation by its credit code. Error: store.ErrNotFound.
	ByCode(ctx context.Context, code string) (uuid.UUID, error)
}

// Needs takes gaps as needs that supply is looked for.
type Needs interface {
	// File files needs of an organisation; one that is filed already with the same origin is left as it is. It returns how many are new.
	File(ctx context.Context, org uuid.UUID, needs []FiledNeed) (int, error)
}

// FiledNeed is a gap as a need.
type FiledNeed struct {
	Kind   string
	Origin string // checkup:ID:QUESTION
	Text   text.Text
}

// Messenger brings a reminder to an organisation's people.
type Messenger interface {
	Remind(ctx context.Context, r Reminder) error
}

// Reminder says that a campaign's day is near.
type Reminder struct {
	Campaign uuid.UUID
	By       uuid.UUID // whose campaign it is
	Firm     uuid.UUID
	Name     text.Text
	Until    string
}

// Options build a Service. DB, Packs, Firms and Now are required.
type Options struct {
	DB        *store.DB
	Packs     fs.FS
	Documents Documents
	Facts     Facts // nil: nothing is measured
	Firms     Firms
	Needs     Needs     // nil: needs cannot be filed at once
	Messenger Messenger // nil: a reminder is shown on the enterprise's page only
	Now       func() time.Time
	Logger    *slog.Logger
}

// Service is what can be done with check-ups.
type Service struct {
	o   Options
	set *assess.Instruments

	mu   sync.Mutex
	past map[string]*assess.Instrument // by hash: those that packs no longer have
}

// New brings the tables up to date and reads the instruments. Error: pack.Faults among others.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	set, err := assess.Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("instruments: %w", err)
	}
	if err := store.MigrateRoom(ctx, o.DB, "checkup", migrations); err != nil {
		return nil, err
	}
	return &Service{o: o, set: set, past: map[string]*assess.Instrument{}}, nil
}

// Instruments are those that this node has, by id.
func (s *Service) Instruments() []*assess.Instrument {
	if s.set == nil {
		return nil
	}
	return s.set.All()
}

// today is the civil day in China.
func (s *Service) today() string { return field.DateOf(s.o.Now().UnixNano()) }

// pin keeps an instrument's file, so that results by it can be computed again whatever becomes of the packs.
func (s *Service) pin(ctx context.Context, tx bun.Tx, x *assess.Instrument) error {
	data, err := fs.ReadFile(s.o.Packs, path.Join(assess.Dir, x.ID+".yaml"))
	if err != nil {
		return fmt.Errorf("instrument %s: %w", x.ID, err)
	}
	r := instrumentRow{Hash: x.Hash(), Instrument: x.ID, Version: x.Version, Content: string(data)}
	_, err = tx.NewInsert().Model(&r).On("CONFLICT (hash) DO NOTHING").Exec(ctx)
	return store.Err(err)
}

// instrument is the one that a check-up was begun by, as it was.
func (s *Service) instrument(ctx context.Context, id, hash string) (*assess.Instrument, error) {
	if x := s.set.Get(id); x != nil && x.Hash() == hash {
		return x, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.past[hash]; x != nil {
		return x, nil
	}
	var r instrumentRow
	if err := s.o.DB.NewSelect().Model(&r).Where("i.hash = ?", hash).Scan(ctx); err != nil {
		return nil, wrap("instrument "+id, err)
	}
	x, err := assess.Decode(path.Join(assess.Dir, id+".yaml"), []byte(r.Content))
	if err != nil {
		return nil, fmt.Errorf("instrument %s %s as it was: %w", id, r.Version, err)
	}
	s.past[hash] = x
	return x, nil
}

// Begin of a check-up.
type Begin struct {
	Org        uuid.UUID
	Instrument string
	Profile    map[string]string
	Campaign   uuid.UUID // zero: of one's own accord
	Copy       uuid.UUID // whose answers to begin with; zero for none
}

// Begin starts a check-up. Where a campaign calls, one check-up of the organisation that is not withdrawn serves it; that is
// returned when it is there. Errors: ErrInstrument, ErrClosed, ErrCalled, ErrCopy, those of assess.
func (s *Service) Begin(ctx context.Context, b Begin) (Checkup, error) {
	scope, err := auth.Allow(ctx, auth.Operate, b.Org)
	if err != nil {
		return Checkup{}, err
	}
	day := s.today()
	x := s.set.Get(b.Instrument)
	if x == nil || !x.InForce(day) {
		return Checkup{}, ErrInstrument.At("body.instrument", b.Instrument).With("day", day)
	}
	if err := x.CheckSheet(&assess.Sheet{Profile: b.Profile}); err != nil {
		return Checkup{}, err
	}
	now := s.o.Now()
	c := Checkup{ID: uuid.Must(uuid.NewV7()), Org: b.Org, Instrument: x.ID, Family: x.Family, Version: x.Version, Hash: x.Hash(), Day: day, State: Open, Profile: b.Profile,
		Campaign: b.Campaign, Copied: b.Copy, Edits: 1, At: now.UnixNano(), EditedAt: now.UnixNano()}
	act := scope.Act(ctx, now, "checkup.begin", audit.Object{Kind: "checkup", ID: c.ID.String(), Name: x.ID}, nil, map[string]any{"instrument": x.ID, "version": x.Version, "campaign": store.Word(b.Campaign)})
	c.By = act.Actor
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if b.Campaign != uuid.Nil {
			there, err := s.answering(ctx, tx, b, day)
			if err != nil || there != nil {
				if there != nil {
					c = *there
				}
				return err
			}
		}
		copied, err := s.toCopy(ctx, tx, scope, x, b.Copy)
		if err != nil {
			return err
		}
		if err := s.pin(ctx, tx, x); err != nil {
			return err
		}
		r := c.row()
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("begin a check-up", err)
		}
		for i := range copied {
			a := &copied[i]
			row := answerRow{Checkup: c.ID, Question: a.Question, Revision: 1, Content: encode(a.content), Actor: encode(act.Actor), At: now.UnixNano()}
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return wrap("copy answers", err)
			}
		}
		return audit.Record(ctx, tx, act)
	})
	if err != nil {
		return Checkup{}, err
	}
	return c, nil
}

// answering finds the check-up with which the organisation already answers a campaign, nil for none, and whether it may answer at all.
func (s *Service) answering(ctx context.Context, tx bun.Tx, b Begin, day string) (*Checkup, error) {
	k, err := campaignByID(ctx, tx, b.Campaign)
	if err != nil {
		return nil, err
	}
	if n, err := tx.NewSelect().Model((*callRow)(nil)).Where("l.campaign = ? AND l.firm = ?", b.Campaign, b.Org).Count(ctx); err != nil || n == 0 {
		if err != nil {
			return nil, wrap("read calls", err)
		}
		return nil, ErrCalled.At("body.campaign", b.Campaign)
	}
	if k.State != Open || day > k.Until || day < k.Since {
		return nil, ErrClosed.At("body.campaign", b.Campaign).With("until", k.Until)
	}
	if k.Instrument != b.Instrument {
		return nil, ErrInstrument.At("body.instrument", b.Instrument).With("day", day)
	}
	var r row
	err = tx.NewSelect().Model(&r).Where("c.org = ? AND c.campaign = ? AND c.state <> ?", b.Org, b.Campaign.String(), Withdrawn).Limit(1).Scan(ctx)
	if errors.Is(store.Err(err), store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("read check-ups", err)
	}
	c, err := r.checkup()
	return &c, err
}

// toCopy are the answers of an earlier check-up that fit the instrument. Papers stay: they were handed in by the same enterprise.
func (s *Service) toCopy(ctx context.Context, tx bun.Tx, scope auth.Scope, x *assess.Instrument, from uuid.UUID) ([]Answered, error) {
	if from == uuid.Nil {
		return nil, nil
	}
	old, err := get(ctx, tx, scope, from)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err != nil || old.State != Submitted || old.Family != x.Family {
		return nil, ErrCopy.At("body.copy", from).With("family", x.Family)
	}
	list, err := answers(ctx, tx, from)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(a Answered) bool {
		return a.Answer == nil || x.CheckAnswer("", a.Question, a.Answer) != nil
	}), nil
}

// Filter narrows a list.
type Filter struct {
	Org    uuid.UUID
	Family string
	State  State
}

var newestFirst = store.Keyset{Columns: []string{"c.id"}, Descending: true}

// List returns check-ups that the caller may see, those begun last first.
func (s *Service) List(ctx context.Context, f Filter, page store.Page) ([]Checkup, string, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, f.Org)
	if err != nil {
		return nil, "", err
	}
	var rows []row
	q := scope.Where(s.o.DB.NewSelect().Model(&rows), "c.org")
	if f.Family != "" {
		q.Where("c.family = ?", f.Family)
	}
	if f.State != "" {
		q.Where("c.state = ?", f.State)
	}
	if q, err = newestFirst.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("list check-ups", err)
	}
	cut, next := store.Cut(newestFirst, rows, page, func(r *row) []any { return []any{r.ID.String()} })
	list, err := checkups(cut)
	return list, next, err
}

// Get returns a check-up with what was answered. Error: store.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (c Checkup, list []Answered, err error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return c, nil, err
	}
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		if c, err = get(ctx, tx, scope, id); err == nil {
			list, err = answers(ctx, tx, id)
		}
		return err
	})
	return c, list, err
}

// Saying is one answer of a device. Basis is the revision of the question that the device saw, 0 for none.
type Saying struct {
	Basis   int64
	Answer  *assess.Answer
	Unknown bool // "do not know"
	Clear   bool // nothing is said any more
	Papers  []Paper
	Note    string
}

// Answer saves what is said of one question. A device that never heard of its success may send the same again: it finds what it
// saved. Errors: ErrNotOpen, ErrAnswered, ErrNothing, ErrPaper, ErrNote, ErrOften, those of assess.
func (s *Service) Answer(ctx context.Context, id uuid.UUID, question string, y Saying) (Answered, error) {
	seen, _, err := s.Get(ctx, id)
	if err != nil {
		return Answered{}, err
	}
	scope, err := auth.Allow(ctx, auth.Operate, seen.Org)
	if err != nil {
		return Answered{}, err
	}
	x, err := s.instrument(ctx, seen.Instrument, seen.Hash)
	if err != nil {
		return Answered{}, err
	}
	a := Answered{Question: question, Revision: y.Basis + 1}
	if a.content, err = s.contentOf(ctx, x, seen.Org, question, &y); err != nil {
		return Answered{}, err
	}
	now := s.o.Now()
	a.By, a.At = auth.ActorOf(scope.Principal()), now.UnixNano()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := newest(ctx, tx, id, question)
		if err != nil {
			return err
		}
		// The same again is the second try of a device whose first was taken, even after the check-up was submitted.
		if old.Revision == y.Basis+1 && encode(old.content) == encode(a.content) && old.By == a.By {
			a = old
			return nil
		}
		res, err := tx.NewUpdate().Model((*row)(nil)).Set("edits = edits + 1").Set("edited_at = ?", a.At).Where("id = ? AND state = ?", id, Open).Exec(ctx)
		if err != nil {
			return wrap("save an answer", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNotOpen.With("state", string(s.stateOf(ctx, tx, id)))
		}
		if old.Revision != y.Basis {
			return ErrAnswered.At("body.basis", y.Basis).With("revision", old.Revision).With("by", old.By.Name)
		}
		if old.Revision >= maxRevisions {
			return ErrOften.At("path.question", old.Revision).With("max", maxRevisions)
		}
		r := answerRow{Checkup: id, Question: question, Revision: a.Revision, Content: encode(a.content), Actor: encode(a.By), At: a.At}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("save an answer", err)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "checkup.answer", audit.Object{Kind: "checkup", ID: id.String(), Name: question},
			map[string]any{"revision": old.Revision, "answer": x.Said(question, old.Answer)}, map[string]any{"revision": a.Revision, "answer": x.Said(question, a.Answer), "unknown": a.Unknown}))
	})
	if errors.Is(err, store.ErrConflict) { // another was faster
		err = ErrAnswered.At("body.basis", y.Basis).With("revision", y.Basis+1).With("by", "?").Because(err)
	}
	return a, err
}

func (s *Service) stateOf(ctx context.Context, db bun.IDB, id uuid.UUID) State {
	var state string
	if err := db.NewSelect().Model((*row)(nil)).Column("state").Where("c.id = ?", id).Scan(ctx, &state); err != nil {
		return "?"
	}
	return State(state)
}

// contentOf checks what is said and gives it the grade that its papers prove.
func (s *Service) contentOf(ctx context.Context, x *assess.Instrument, org uuid.UUID, question string, y *Saying) (content, error) {
	given := 0
	for _, some := range []bool{y.Answer != nil, y.Unknown, y.Clear} {
		if some {
			given++
		}
	}
	if given != 1 {
		return content{}, ErrNothing.At("body", given)
	}
	if n := utf8.RuneCountInString(y.Note); n > maxNote {
		return content{}, ErrNote.At("body.note", n).With("max", maxNote)
	}
	out := content{Unknown: y.Unknown, Note: strings.TrimSpace(y.Note)}
	if y.Answer == nil {
		if !x.Has(question) {
			return content{}, assess.ErrQuestion.At("path.question", question).With("instrument", x.ID)
		}
		if len(y.Papers) > 0 {
			return content{}, ErrPaper.At("body.documents", y.Papers[0].ID)
		}
		return out, nil
	}
	if wrong := x.CheckAnswer("body.answer", question, y.Answer); wrong != nil {
		return content{}, wrong
	}
	if len(y.Papers) > maxPapers {
		return content{}, ErrPaper.At("body.documents", len(y.Papers))
	}
	for i, p := range y.Papers {
		at := fmt.Sprintf("body.documents[%d]", i)
		if slices.ContainsFunc(y.Papers[:i], func(o Paper) bool { return o.ID == p.ID }) || s.o.Documents == nil {
			return content{}, ErrPaper.At(at, p.ID)
		}
		for _, o := range p.Options {
			if !slices.ContainsFunc(y.Answer.Choices, func(c assess.Picked) bool { return c.Option == o }) {
				return content{}, ErrPaper.At(at+".options", o)
			}
		}
		name, err := s.o.Documents.Document(ctx, org, p.ID)
		if errors.Is(err, store.ErrNotFound) {
			return content{}, ErrPaper.At(at, p.ID)
		}
		if err != nil {
			return content{}, err
		}
		p.Name = name
		out.Papers = append(out.Papers, p)
	}
	a := graded(*y.Answer, out.Papers)
	out.Answer = &a
	return out, nil
}

// SetProfile says which traits the enterprise has. Errors: ErrNotOpen, those of assess.
func (s *Service) SetProfile(ctx context.Context, id uuid.UUID, profile map[string]string) (Checkup, error) {
	return s.change(ctx, id, auth.Operate, "checkup.profile", "", func(_ bun.Tx, c *Checkup, x *assess.Instrument, act *audit.Entry) error {
		if err := x.CheckSheet(&assess.Sheet{Profile: profile}); err != nil {
			return err
		}
		act.Before, act.After = audit.State(c.Profile), audit.State(profile)
		c.Profile = maps.Clone(profile)
		return nil
	})
}

// Withdraw ends a check-up that was not submitted. Errors: ErrNotOpen, ErrReason.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, reason string) (Checkup, error) {
	if err := checkReason("body.reason", reason); err != nil {
		return Checkup{}, err
	}
	return s.change(ctx, id, auth.Operate, "checkup.withdraw", reason, func(_ bun.Tx, c *Checkup, _ *assess.Instrument, act *audit.Entry) error {
		c.State, c.EndedBy, c.EndedAt, c.Reason = Withdrawn, &act.Actor, act.Time.UnixNano(), reason
		return nil
	})
}

const minReason, maxReason = 2, 1000

func checkReason(at, reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason {
		return ErrReason.At(at, n).With("min", minReason).With("max", maxReason)
	}
	return nil
}

// change writes what next makes of an open check-up.
func (s *Service) change(ctx context.Context, id uuid.UUID, verb auth.Verb, doing, reason string, next func(bun.Tx, *Checkup, *assess.Instrument, *audit.Entry) error) (c Checkup, err error) {
	seen, _, err := s.Get(ctx, id)
	if err != nil {
		return c, err
	}
	scope, err := auth.Allow(ctx, verb, seen.Org)
	if err != nil {
		return c, err
	}
	x, err := s.instrument(ctx, seen.Instrument, seen.Hash)
	if err != nil {
		return c, err
	}
	now := s.o.Now()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if c, err = get(ctx, tx, scope, id); err != nil {
			return err
		}
		if c.State != Open {
			return ErrNotOpen.With("state", string(c.State))
		}
		act := scope.Act(ctx, now, doing, audit.Object{Kind: "checkup", ID: id.String(), Name: c.Instrument}, nil, nil)
		act.Reason = reason
		if err := next(tx, &c, x, &act); err != nil {
			return err
		}
		edits := c.Edits
		c.Edits, c.EditedAt = edits+1, now.UnixNano()
		if err := put(ctx, tx, &c, edits); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	return c, err
}

// Submit freezes a check-up: answers, the facts of the plant as they are now, and the result. Every question that applies must have an
// answer, be measured, or be said not to be known. Errors: ErrNotOpen, ErrMissing.
func (s *Service) Submit(ctx context.Context, id uuid.UUID) (Checkup, error) {
	seen, _, err := s.Get(ctx, id)
	if err != nil {
		return Checkup{}, err
	}
	if _, err := auth.Allow(ctx, auth.Operate, seen.Org); err != nil {
		return Checkup{}, err
	}
	if seen.State == Submitted { // the second try of a device that never heard of the first
		return seen, nil
	}
	x, err := s.instrument(ctx, seen.Instrument, seen.Hash)
	if err != nil {
		return Checkup{}, err
	}
	// Plant and register are asked before the transaction: they are other rooms, and the first of them may take its time.
	facts, err := s.gather(ctx, x, seen.Org)
	if err != nil {
		return Checkup{}, err
	}
	firm, err := s.o.Firms.Firm(ctx, seen.Org, s.today())
	if err != nil {
		return Checkup{}, err
	}
	return s.change(ctx, id, auth.Operate, "checkup.submit", "", func(tx bun.Tx, c *Checkup, x *assess.Instrument, act *audit.Entry) error {
		list, err := answers(ctx, tx, id)
		if err != nil {
			return err
		}
		r, err := reckon(x, c.Profile, list, facts, Evidence)
		if err != nil {
			return err
		}
		if open := unsaid(r.result, list); len(open) > 0 {
			return ErrMissing.With("count", len(open)).With("questions", strings.Join(open[:min(len(open), 10)], ", "))
		}
		b, err := r.result.Canonical()
		if err != nil {
			return err
		}
		c.Result = b
		if c.Digest, err = r.result.Digest(); err != nil {
			return err
		}
		c.State, c.EndedBy, c.EndedAt, c.Facts = Submitted, &act.Actor, act.Time.UnixNano(), facts
		c.Level, c.Proven = r.result.Declared.Level, r.result.Evidenced.Level
		c.Points, _ = r.result.Declared.Total()
		c.ProvenAt, _ = r.result.Evidenced.Total()
		c.Industry, c.Size, c.Place = firm.Industry, firm.Size, firm.Place
		act.After = audit.State(map[string]any{"level": c.Level, "proven": c.Proven, "digest": c.Digest, "facts": len(facts)})
		return nil
	})
}

// gather asks the plant for what an instrument can use.
func (s *Service) gather(ctx context.Context, x *assess.Instrument, org uuid.UUID) ([]assess.Known, error) {
	if s.o.Facts == nil {
		return []assess.Known{}, nil
	}
	list, err := s.o.Facts.Known(ctx, org, x.FactNames(), s.o.Now())
	if err != nil {
		return nil, fmt.Errorf("facts of the plant: %w", err)
	}
	if list == nil {
		list = []assess.Known{}
	}
	return list, nil
}

// same tells whether a result computed again is the one that was kept, byte for byte.
func same(c *Checkup, r *assess.Result) (bool, string, error) {
	b, err := r.Canonical()
	if err != nil {
		return false, "", err
	}
	d, err := r.Digest()
	return bytes.Equal(b, c.Result) && d == c.Digest, d, err
}
