package form

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Notice is a message to whose draft it is: it will expire.
type Notice struct {
	Draft   uuid.UUID
	Org     uuid.UUID
	Person  uuid.UUID
	Expires int64
	Text    text.Text
}

// Notifier takes messages, in the transaction that marks them as given. With an error they come again.
type Notifier interface {
	Notify(ctx context.Context, tx bun.Tx, n Notice) error
}

// Options build a Service. DB, Blobs, Packs, Desks and Now are required.
type Options struct {
	DB       *store.DB
	Blobs    *blob.Store // for attachments alone: what no draft refers to is removed from it
	Packs    fs.FS       // layouts are in its folder Dir
	Desks    map[string]Desk
	Profile  Profile  // nil: nothing is known
	Notifier Notifier // nil: expiry is told in lists alone
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service is what can be done with drafts.
type Service struct {
	o       Options
	layouts map[For]*Layout
	files   sync.RWMutex // held for writing while blobs are removed
}

// Bounds of drafts.
const (
	maxDrafts = 200                 // open ones of a person in an organisation
	lives     = 90 * 24 * time.Hour // after the last change
	warns     = 14 * 24 * time.Hour // before it expires
	keeps     = 30 * 24 * time.Hour // what has ended, before it is swept
	maxDevice = 100                 // characters
	maxReason = 2000
)

// New brings the tables up to date, reads the packs and checks them against what they lay out. Errors: pack.Faults among others.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	list, err := Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	s := &Service{o: o, layouts: map[For]*Layout{}}
	for _, l := range list {
		desk := o.Desks[l.For.Kind]
		if desk == nil {
			return nil, fmt.Errorf("forms: %s: there is no kind %q", l.File(), l.For.Kind)
		}
		fields, papers, ok := desk.Declared(l.For.ID, l.For.Action)
		if !ok {
			return nil, fmt.Errorf("forms: %s: there is no %s %s %s", l.File(), l.For.Kind, l.For.ID, l.For.Action)
		}
		if err := l.fit(fields, papers); err != nil {
			return nil, fmt.Errorf("forms: %w", err)
		}
		s.layouts[l.For] = l
	}
	return s, store.MigrateRoom(ctx, o.DB, "form", migrations)
}

func (s *Service) layout(t Target) *Layout { return s.layouts[For{t.Kind, t.ID, t.Action}] }

// form is a draft's form as it is asked for now.
func (s *Service) form(ctx context.Context, d *Draft) (*Form, error) {
	desk := s.o.Desks[d.Target.Kind]
	if desk == nil {
		return nil, ErrTarget.At("body.kind", d.Target.Kind).With("kinds", strings.Join(slices.Sorted(maps.Keys(s.o.Desks)), ", "))
	}
	a, err := desk.Asked(ctx, d.Org, d.Target)
	if err != nil {
		return nil, err
	}
	return lay(a, s.layout(d.Target)), nil
}

// Begin begins a draft, with what the case has already and what the node knows. Of a step that the person has begun before, that
// draft is returned. Errors: ErrTarget, ErrMany, those of auth and of the desk.
func (s *Service) Begin(ctx context.Context, org uuid.UUID, t Target) (Draft, error) {
	scope, err := auth.Allow(ctx, auth.Operate, org)
	if err != nil {
		return Draft{}, err
	}
	p := scope.Principal()
	d := Draft{ID: uuid.Must(uuid.NewV7()), Org: org, Person: p.ID, Name: p.Name, Target: t, State: Open, Content: map[string]json.RawMessage{}, Revision: 1}
	f, err := s.form(ctx, &d)
	if err != nil {
		return Draft{}, err
	}
	d.Title, d.Private = f.Name, f.Private
	if s.o.Profile != nil && s.layout(t) != nil {
		known, err := s.o.Profile.Profile(ctx, org)
		if err != nil {
			return Draft{}, err
		}
		d.Filled = f.prefilled(s.layout(t), known)
	}
	for key, x := range d.Filled {
		d.Content[key] = x.Value
	}
	var held map[string]json.RawMessage
	if err := json.Unmarshal(f.Held.Encode(), &held); err != nil {
		return Draft{}, err
	}
	for key, v := range held { // what the case has comes before what the node knows
		delete(d.Filled, key)
		d.Content[key] = v
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := s.o.Now()
		d.Made, d.At, d.Expires = now.UnixNano(), now.UnixNano(), now.Add(lives).UnixNano()
		mine := func() *bun.SelectQuery {
			return scope.Where(tx.NewSelect().Model((*draftRow)(nil)).Where("d.person = ? AND d.state = ?", p.ID, Open), "d.org")
		}
		if t.Case != uuid.Nil {
			var there []draftRow
			if err := mine().Model(&there).Where("d.case_id = ? AND d.action = ?", t.Case.String(), t.Action).OrderExpr("d.id DESC").Limit(1).Scan(ctx); err != nil {
				return wrap("look up drafts", err)
			}
			if len(there) > 0 {
				d, err = there[0].draft()
				return err
			}
		}
		n, err := mine().Count(ctx)
		if err != nil {
			return wrap("count drafts", err)
		}
		if n >= maxDrafts {
			return ErrMany.With("max", maxDrafts)
		}
		row := rowOf(&d)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("begin a draft", err)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "form.draft.begin", d.object(), nil, map[string]any{"revision": 1}))
	})
	if err != nil {
		return Draft{}, err
	}
	d.Attachments, err = attached(ctx, s.o.DB, d.ID)
	return d, err
}

func (d *Draft) object() audit.Object {
	return audit.Object{Kind: "form.draft", ID: d.ID.String(), Name: d.Title.En}
}

// find reads a draft that the caller may see. Error: store.ErrNotFound.
func (s *Service) find(ctx context.Context, db bun.IDB, id uuid.UUID) (Draft, auth.Scope, error) {
	scope, err := auth.Visible(ctx, auth.Operate)
	if err != nil {
		return Draft{}, scope, err
	}
	var row draftRow
	q := scope.Where(db.NewSelect().Model(&row).Where("d.id = ?", id).Where("d.person = ? OR d.private = ?", scope.Principal().ID, false), "d.org")
	if err := q.Scan(ctx); err != nil {
		return Draft{}, scope, wrap("draft "+id.String(), err)
	}
	d, err := row.draft()
	if err != nil {
		return d, scope, err
	}
	d.Attachments, err = attached(ctx, db, id)
	return d, scope, err
}

// Get returns a draft: one's own, or a colleague's. Error: store.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Draft, error) {
	d, _, err := s.find(ctx, s.o.DB, id)
	return d, err
}

// Filter narrows a list of drafts; zero fields do not.
type Filter struct {
	Org   uuid.UUID
	Kind  string
	ID    string
	Case  uuid.UUID
	Mine  bool
	Ended bool // those that were discarded or have expired, in place of the open ones
}

var order = store.Keyset{Columns: []string{"d.id"}, Descending: true}

// List returns drafts, the newest first, without their content. Errors: those of auth, store.ErrCursor.
func (s *Service) List(ctx context.Context, f Filter, page store.Page) ([]Draft, string, error) {
	scope, err := auth.Visible(ctx, auth.Operate)
	if f.Org != uuid.Nil {
		scope, err = auth.Allow(ctx, auth.Operate, f.Org)
	}
	if err != nil {
		return nil, "", err
	}
	var rows []draftRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("d.person = ? OR d.private = ?", scope.Principal().ID, false), "d.org")
	states := []State{Open}
	if f.Ended {
		states = []State{Discarded, Expired}
	}
	q = q.Where("d.state IN (?)", bun.List(states))
	for column, v := range map[string]string{"d.kind": f.Kind, "d.target": f.ID, "d.case_id": store.Word(f.Case)} {
		if v != "" {
			q = q.Where(column+" = ?", v)
		}
	}
	if f.Mine {
		q = q.Where("d.person = ?", scope.Principal().ID)
	}
	var broken error
	out, next, err := store.List(ctx, order, q, &rows, page, func(r *draftRow) []any { return []any{r.ID.String()} }, func(r *draftRow) Draft {
		d, err := r.draft()
		if err != nil {
			broken = err
		}
		return d
	})
	if err == nil {
		err = broken
	}
	return out, next, err
}

// Saving is a draft as a device has it.
type Saving struct {
	Basis   int64  // the revision that it knew
	Content []byte // a JSON object, the whole content
	Reason  string
	Device  string // what the device calls itself, for whoever saves with another
}

// Save keeps content as far as it goes. Errors: ErrChanged (another device was faster), ErrOthers, ErrEnded, ErrContent.
func (s *Service) Save(ctx context.Context, id uuid.UUID, in Saving) (Draft, error) {
	var content map[string]json.RawMessage
	if len(in.Content) > field.MaxRecord || json.Unmarshal(in.Content, &content) != nil || content == nil {
		return Draft{}, ErrContent.At("body.content", len(in.Content)).With("max", field.MaxRecord)
	}
	if utf8.RuneCountInString(in.Reason) > maxReason {
		return Draft{}, ErrContent.At("body.reason", utf8.RuneCountInString(in.Reason)).With("max", maxReason)
	}
	return s.change(ctx, id, in.Basis, "", func(d *Draft, p auth.Principal) error {
		if d.Person != p.ID {
			return ErrOthers.With("who", d.Name)
		}
		if d.State != Open {
			return ErrEnded.With("state", d.State.words())
		}
		d.Content, d.Reason, d.Device = content, in.Reason, clip(in.Device, maxDevice)
		return nil
	})
}

// TakeOver makes a colleague's draft the caller's. Errors: ErrMine, ErrEnded, ErrChanged; store.ErrNotFound for what is private.
func (s *Service) TakeOver(ctx context.Context, id uuid.UUID, basis int64) (Draft, error) {
	return s.change(ctx, id, basis, "form.draft.takeover", func(d *Draft, p auth.Principal) error {
		if d.Person == p.ID {
			return ErrMine.At("path.id", id)
		}
		if d.State != Open {
			return ErrEnded.With("state", d.State.words())
		}
		d.Before, d.Person, d.Name = d.Name, p.ID, p.Name
		return nil
	})
}

// Discard puts a draft away; Restore takes it back until it is swept. Errors: ErrEnded, ErrOthers, ErrChanged.
func (s *Service) Discard(ctx context.Context, id uuid.UUID, basis int64) (Draft, error) {
	return s.change(ctx, id, basis, "form.draft.discard", func(d *Draft, p auth.Principal) error {
		if d.Person != p.ID {
			return ErrOthers.With("who", d.Name)
		}
		if d.State != Open {
			return ErrEnded.With("state", d.State.words())
		}
		d.State = Discarded
		return nil
	})
}

// Restore takes a draft back that was discarded or has expired.
func (s *Service) Restore(ctx context.Context, id uuid.UUID, basis int64) (Draft, error) {
	return s.change(ctx, id, basis, "form.draft.restore", func(d *Draft, p auth.Principal) error {
		if d.Person != p.ID {
			return ErrOthers.With("who", d.Name)
		}
		if d.State != Discarded && d.State != Expired {
			return ErrEnded.With("state", d.State.words())
		}
		d.State = Open
		return nil
	})
}

// change writes a further revision of a draft. Saving is not audited (it happens while people type); everything else is.
func (s *Service) change(ctx context.Context, id uuid.UUID, basis int64, verb string, next func(*Draft, auth.Principal) error) (Draft, error) {
	var d Draft
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var scope auth.Scope
		var err error
		if d, scope, err = s.find(ctx, tx, id); err != nil {
			return err
		}
		if d.Revision != basis {
			return d.changed(basis)
		}
		before := map[string]any{"state": d.State, "revision": d.Revision}
		if err := next(&d, scope.Principal()); err != nil {
			return err
		}
		now := s.o.Now()
		d.Revision, d.At, d.Expires = basis+1, max(now.UnixNano(), d.At+1), now.Add(lives).UnixNano()
		if err := update(ctx, tx, &d, basis); err != nil || verb == "" {
			return err
		}
		e := scope.Act(ctx, now, verb, d.object(), before, map[string]any{"state": d.State, "revision": d.Revision})
		e.Org = d.Org
		return audit.Record(ctx, tx, e)
	})
	return d, err
}

// changed tells a device that another has saved.
func (d *Draft) changed(basis int64) error {
	device := text.Both(d.Device)
	if d.Device == "" {
		device = text.Text{Zh: "另一设备", En: "another device"}
	}
	return ErrChanged.At("body.basis", basis).With("revision", d.Revision).With("who", d.Name).With("device", device).With("when", time.Unix(0, d.At).In(field.China).Format("2006-01-02 15:04:05"))
}

var stateWords = map[State]text.Text{Open: {Zh: "填写中", En: "being filled in"}, Submitted: {Zh: "已提交", En: "handed in"}, Discarded: {Zh: "已删除", En: "discarded"}, Expired: {Zh: "已过期", En: "expired"}}

func (st State) words() text.Text { return stateWords[st] }

// clip keeps what fits of a word that a device sent.
func clip(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	r := []rune(s)
	return string(r[:min(len(r), limit)])
}
