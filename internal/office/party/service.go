package party

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Enterprises is the register into which those who have joined are entered.
type Enterprises interface {
	// Enter puts an organisation into the register of the node's own organisation, in the transaction of the context, on behalf of
	// the context's caller: a new entry, or the one that stands there already under its code.
	Enter(ctx context.Context, home uuid.UUID, e Enterprise) error
}

// Enterprise that joins.
type Enterprise struct {
	Org    uuid.UUID
	Record field.Record // creditCode, name, nameEn, industry, region, figuresYear, employees, revenue, assets, contact, phone
	Reason string
}

// Industry of GB/T 4754: a section (a letter), or a division (two digits) of one.
type Industry struct {
	Code    string    `json:"code"`
	Section string    `json:"section,omitempty" doc:"Of a division"`
	Name    text.Text `json:"name"`
}

// Messenger tells people what became of an application, in the transaction of the context. The application is as it stands after
// its step.
type Messenger interface {
	Moved(ctx context.Context, a Application) error
}

// Options build a Service. All but Logger are required.
type Options struct {
	DB          *store.DB
	Orgs        *org.Service
	Auth        *auth.Service
	Blobs       *blob.Store
	Enterprises Enterprises
	Size        func(industry string, employees, revenue, assets *int64) Size
	Industries  []Industry
	Messenger   Messenger // nil: nobody is told
	Now         func() time.Time
	Logger      *slog.Logger
}

// Service is what can be done with applications and mandates.
type Service struct {
	o     Options
	asked auth.Throttle
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o}, store.MigrateRoom(ctx, o.DB, "party", migrations)
}

// askedPerPerson limits how often somebody learns whether a code is here.
var askedPerPerson = auth.Limit{Burst: 20, Every: time.Minute}

// home is the organisation that runs the node.
func (s *Service) home(ctx context.Context) (uuid.UUID, error) {
	o, ok, err := s.o.Orgs.Home(ctx)
	if err == nil && !ok {
		err = auth.ErrNotFound.With("thing", "org")
	}
	return o.ID, err
}

// person is the caller, who must be one.
func person(ctx context.Context) (auth.Principal, error) {
	p, err := auth.Need(ctx)
	if err == nil && p.Kind != auth.KindPerson {
		err = ErrPerson
	}
	return p, err
}

// officer is the right to decide for the node's own organisation.
func (s *Service) officer(ctx context.Context) (auth.Scope, error) {
	home, err := s.home(ctx)
	if err != nil {
		return auth.Scope{}, err
	}
	return auth.Allow(ctx, auth.Configure, home)
}

// find reads one that the caller may see: their own, one that was handed in to the node's organisation as its officer, or one that
// asks to act for an organisation as its owner. scope is empty for their own. Error: auth.ErrNotFound.
func (s *Service) find(ctx context.Context, db bun.IDB, id uuid.UUID) (a Application, scope auth.Scope, err error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return a, scope, err
	}
	var row applicationRow
	err = store.Err(db.NewSelect().Model(&row).Where("a.id = ?", id).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return a, scope, auth.ErrNotFound.With("thing", "application")
	}
	if err != nil {
		return a, scope, wrap("read an application", err)
	}
	if a, err = row.application(); err != nil {
		return a, scope, err
	}
	if p.Kind == auth.KindPerson && p.ID == a.Person {
		return a, scope, nil
	}
	if a.Submitted > 0 {
		if scope, err = auth.Allow(ctx, auth.Configure, a.Home); err == nil {
			return a, scope, nil
		}
		if a.Kind == Act && a.Target != uuid.Nil {
			if scope, err = auth.Allow(ctx, auth.People, a.Target); err == nil {
				return a, scope, nil
			}
		}
	}
	return Application{}, auth.Scope{}, auth.ErrNotFound.With("thing", "application")
}

// own reads one of the caller's.
func (s *Service) own(ctx context.Context, db bun.IDB, id uuid.UUID) (Application, auth.Principal, error) {
	p, err := person(ctx)
	if err != nil {
		return Application{}, p, err
	}
	a, _, err := s.find(ctx, db, id)
	if err == nil && a.Person != p.ID {
		err = auth.ErrForbidden.With("verb", string(auth.Configure))
	}
	return a, p, err
}

// note writes an audit entry of the applicant's act: into the record of the organisation that decides.
func (s *Service) note(ctx context.Context, tx bun.Tx, p auth.Principal, o uuid.UUID, verb string, object audit.Object, after any) error {
	origin := auth.OriginFrom(ctx)
	return audit.Record(ctx, tx, audit.Entry{Time: s.o.Now().UTC(), Org: o, Actor: auth.ActorOf(p), Via: p.Via, Verb: verb, Object: object, After: audit.State(after), Remote: origin.Remote, Trace: origin.Trace})
}

func (a *Application) object() audit.Object {
	return audit.Object{Kind: "application", ID: a.ID.String(), Name: a.word("name")}
}

// Begin makes a draft of the caller's. Errors: ErrPerson, ErrOpen.
func (s *Service) Begin(ctx context.Context) (Application, error) {
	p, err := person(ctx)
	if err != nil {
		return Application{}, err
	}
	home, err := s.home(ctx)
	if err != nil {
		return Application{}, err
	}
	me, err := s.o.Auth.Me(ctx)
	if err != nil {
		return Application{}, err
	}
	now := s.o.Now().UnixNano()
	a := Application{ID: uuid.Must(uuid.NewV7()), Home: home, Person: p.ID, Login: me.Person.Login, Name: me.Person.Name, Kind: Join, Role: auth.Owner, State: Draft, Record: field.Record{"contact": me.Person.Name},
		Revision: 1, Created: now, At: now, By: auth.ActorOf(p)}
	if phone, err := s.o.Auth.Phone(ctx, p.ID); err == nil && phone != "" {
		a.Record["phone"] = strings.TrimPrefix(phone, "+86")
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		open, err := tx.NewSelect().Model((*applicationRow)(nil)).Where("a.person = ? AND a.state IN (?, ?, ?)", p.ID, Draft, Submitted, Returned).Count(ctx)
		if err != nil {
			return err
		}
		if open >= maxOpen {
			return ErrOpen.With("max", maxOpen)
		}
		return write(ctx, tx, &a, "", false)
	})
	return a, err
}

// Mine lists the caller's applications, the latest first.
func (s *Service) Mine(ctx context.Context, page store.Page) ([]Application, string, error) {
	p, err := person(ctx)
	if err != nil {
		return nil, "", err
	}
	var rows []applicationRow
	return listed(ctx, s.o.DB.NewSelect().Model(&rows).Where("a.person = ?", p.ID), &rows, page)
}

var latestFirst = store.Keyset{Columns: []string{"a.id"}, Descending: true}

func listed(ctx context.Context, q *bun.SelectQuery, rows *[]applicationRow, page store.Page) ([]Application, string, error) {
	var broken error
	items, next, err := store.List(ctx, latestFirst, q, rows, page, func(r *applicationRow) []any { return []any{r.ID.String()} }, func(r *applicationRow) Application {
		a, err := r.application()
		if err != nil {
			broken = err
		}
		return a
	})
	if err == nil {
		err = broken
	}
	return items, next, err
}

// Get returns one with its steps. Error: auth.ErrNotFound.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Application, []Step, error) {
	a, _, err := s.find(ctx, s.o.DB, id)
	if err != nil {
		return a, nil, err
	}
	steps, err := s.steps(ctx, id)
	return a, steps, err
}

// Step of an application.
type Step struct {
	Revision int64
	From, To State
	By       audit.Actor
	Reason   string
	At       int64
}

// maxSteps bounds the steps that are told.
const maxSteps = 200

func (s *Service) steps(ctx context.Context, id uuid.UUID) ([]Step, error) {
	var rows []stepRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("s.application = ?", id).Order("s.revision").Limit(maxSteps).Scan(ctx); err != nil {
		return nil, wrap("read steps", err)
	}
	out := make([]Step, len(rows))
	for i, r := range rows {
		out[i] = Step{Revision: r.Revision, From: r.FromState, To: r.ToState, Reason: r.Reason, At: r.At}
		if err := json.Unmarshal([]byte(r.Actor), &out[i].By); err != nil {
			return nil, fmt.Errorf("step %d of %s: %w", r.Revision, id, err)
		}
	}
	return out, nil
}

// Filling is what is filled in: fields that are named, with null to empty one; kind and role where they are given.
type Filling struct {
	Content json.RawMessage
	Kind    Kind
	Role    auth.Role
}

// Fill fills in a draft. A field that is wrong is refused, and nothing of the same call is kept. Errors: ErrField, ErrUnknown, ErrState.
func (s *Service) Fill(ctx context.Context, id uuid.UUID, f Filling) (Application, error) {
	given := map[string]json.RawMessage{}
	if len(f.Content) > 0 {
		if err := json.Unmarshal(f.Content, &given); err != nil {
			return Application{}, ErrUnknown.At("body.content", nil).With("fields", fieldKeys())
		}
	}
	return s.change(ctx, id, func(a *Application) error {
		for key, value := range given {
			if fields.Field(key) == nil {
				return ErrUnknown.At("body.content."+key, nil).With("fields", fieldKeys())
			}
			if string(value) == "null" {
				delete(a.Record, key)
				delete(given, key)
			}
		}
		body, err := json.Marshal(given)
		if err != nil {
			return err
		}
		well, faults := fields.Read(body)
		if len(faults) > 0 {
			return problem.All(told(faults)...)
		}
		for key := range given {
			if well[key] == nil {
				delete(a.Record, key) // blanks only
			} else {
				a.Record[key] = well[key]
			}
		}
		if f.Kind != "" {
			a.Kind = f.Kind
		}
		if f.Role != "" {
			a.Role = f.Role
		}
		if a.Kind == Join {
			a.Role = auth.Owner
		}
		return nil
	})
}

func fieldKeys() string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.Key)
	}
	return strings.Join(keys, ", ")
}

// change writes what next makes of a draft of the caller's.
func (s *Service) change(ctx context.Context, id uuid.UUID, next func(*Application) error) (a Application, err error) {
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var p auth.Principal
		if a, p, err = s.own(ctx, tx, id); err != nil {
			return err
		}
		if !a.mine() {
			return ErrState.With("state", string(a.State))
		}
		if err := next(&a); err != nil {
			return err
		}
		a.Revision, a.At, a.By = a.Revision+1, s.o.Now().UnixNano(), auth.ActorOf(p)
		return write(ctx, tx, &a, a.State, false)
	})
	return a, err
}

// Attach hands the letter of authorisation in. Errors: ErrLetter (it is not what its name says, or of no type that is taken),
// ErrLetterSize, ErrLetterName, ErrState.
func (s *Service) Attach(ctx context.Context, id uuid.UUID, name string, data []byte) (Application, error) {
	if _, _, err := s.own(ctx, s.o.DB, id); err != nil {
		return Application{}, err
	}
	if len(data) > MaxLetter {
		return Application{}, ErrLetterSize.With("max", MaxLetter>>20)
	}
	if name != path.Base(name) || utf8.RuneCountInString(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == '\\' }) || strings.TrimSpace(name) != name || len(name) < 3 {
		return Application{}, ErrLetterName.At("query.name", name)
	}
	media, agrees := fact.Sniff(name, data)
	if !agrees || !letterTaken(media) {
		if media == "" {
			media = "?"
		}
		return Application{}, ErrLetter.At("query.name", name).With("is", media)
	}
	info, err := s.o.Blobs.Put(ctx, bytes.NewReader(data), MaxLetter)
	if err != nil {
		return Application{}, fmt.Errorf("store a letter: %w", err)
	}
	return s.change(ctx, id, func(a *Application) error {
		a.Letter = &Letter{ID: string(info.ID), Name: name, Media: media, Size: info.Size}
		return nil
	})
}

// Letter returns the letter of an application that the caller may see. Error: auth.ErrNotFound.
func (s *Service) Letter(ctx context.Context, id uuid.UUID) (Letter, []byte, error) {
	a, _, err := s.find(ctx, s.o.DB, id)
	if err == nil && a.Letter == nil {
		err = auth.ErrNotFound.With("thing", "letter")
	}
	if err != nil {
		return Letter{}, nil, err
	}
	return s.read(*a.Letter)
}

func (s *Service) read(l Letter) (Letter, []byte, error) {
	data, err := s.o.Blobs.ReadAll(blob.ID(l.ID), MaxLetter)
	if err != nil {
		err = fmt.Errorf("read a letter: %w", err)
	}
	return l, data, err
}

// Asked is what somebody learns of a code before they apply.
type Asked struct {
	Code   string
	Region string // where it was given out: places 3 to 8
	Joined bool   // it is an organisation of this node; whose it is is not told
}

// Ask checks a credit code, and whether it is here. Errors: ErrField with the place that is wrong, ErrOften.
func (s *Service) Ask(ctx context.Context, code string) (Asked, error) {
	p, err := person(ctx)
	if err != nil {
		return Asked{}, err
	}
	f := fields.Field("creditCode")
	normal, fault, mend := field.Formats[f.Format](code)
	if !fault.IsZero() {
		return Asked{}, ErrField.At("body.creditCode", code).With("name", f.Name).With("reason", fault).With("mend", mend)
	}
	_, joined, err := s.joined(ctx, p, normal)
	return Asked{Code: normal, Region: normal[2:8], Joined: joined}, err
}

// joined finds the organisation of a code, and limits how often one person asks.
func (s *Service) joined(ctx context.Context, p auth.Principal, code string) (org.Org, bool, error) {
	if wait := s.asked.Take(s.o.Now(), auth.Use{Key: p.ID.String(), Limit: askedPerPerson}); wait > 0 {
		seconds := int(wait/time.Second) + 1
		return org.Org{}, false, ErrOften.With("seconds", seconds).Header("Retry-After", strconv.Itoa(seconds))
	}
	return s.o.Orgs.WithCreditCode(ctx, code)
}

// Submit hands an application in. Errors: ErrMissing, ErrUntil, ErrJoined, ErrNotJoined, ErrTwice, ErrState, ErrOften.
func (s *Service) Submit(ctx context.Context, id uuid.UUID) (a Application, err error) {
	seen, p, err := s.own(ctx, s.o.DB, id)
	if err != nil {
		return a, err
	}
	there, joined, err := org.Org{}, false, nil
	if code := seen.word("creditCode"); code != "" {
		if there, joined, err = s.joined(ctx, p, code); err != nil {
			return a, err
		}
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if a, _, err = s.own(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case !a.mine():
			return ErrState.With("state", string(a.State))
		case a.word("creditCode") != seen.word("creditCode"):
			return ErrChanged.With("by", a.By.Name).With("state", string(a.State))
		}
		if err := problem.All(a.complete(s.o.Now())...); err != nil {
			return err
		}
		switch {
		case a.Kind == Join && joined:
			return ErrJoined.At("body.content.creditCode", a.word("creditCode"))
		case a.Kind == Act && !joined:
			return ErrNotJoined.At("body.content.creditCode", a.word("creditCode"))
		case a.Kind == Act:
			a.Target = there.ID
		}
		twice, err := tx.NewSelect().Model((*applicationRow)(nil)).Where("a.person = ? AND a.credit_code = ? AND a.state = ? AND a.id <> ?", p.ID, a.word("creditCode"), Submitted, id).Exists(ctx)
		if err != nil {
			return err
		}
		if twice {
			return ErrTwice.At("body.content.creditCode", a.word("creditCode"))
		}
		from, now := a.State, s.o.Now().UnixNano()
		a.State, a.Revision, a.At, a.Submitted, a.By, a.Reason = Submitted, a.Revision+1, now, now, auth.ActorOf(p), ""
		if err := s.move(ctx, tx, &a, from); err != nil {
			return err
		}
		return s.note(ctx, tx, p, a.Home, "party.application.submit", a.object(), map[string]any{"kind": a.Kind, "creditCode": a.word("creditCode")})
	})
	return a, err
}

// move writes a step of an application and tells of it.
func (s *Service) move(ctx context.Context, tx bun.Tx, a *Application, from State) error {
	if err := write(ctx, tx, a, from, true); err != nil || s.o.Messenger == nil {
		return err
	}
	return s.o.Messenger.Moved(ctx, *a)
}

// Withdraw ends an application of the caller's that is not decided. Error: ErrState.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID) (a Application, err error) {
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var p auth.Principal
		if a, p, err = s.own(ctx, tx, id); err != nil {
			return err
		}
		if !a.mine() && a.State != Submitted {
			return ErrState.With("state", string(a.State))
		}
		from := a.State
		a.State, a.Revision, a.At, a.By, a.Reason = Withdrawn, a.Revision+1, s.o.Now().UnixNano(), auth.ActorOf(p), ""
		if err := s.move(ctx, tx, &a, from); err != nil {
			return err
		}
		return s.note(ctx, tx, p, a.Home, "party.application.withdraw", a.object(), nil)
	})
	return a, err
}
