package programme

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// The states of a round.
const (
	RoundOpen      = "open"
	RoundDrawn     = "drawn"
	RoundRanked    = "ranked"
	RoundPublished = "published"
)

var roundNames = map[string]text.Text{
	RoundOpen: {Zh: "受理中", En: "open"}, RoundDrawn: {Zh: "专家评审", En: "under review"}, RoundRanked: {Zh: "已排序", En: "ranked"}, RoundPublished: {Zh: "已公示", En: "made public"},
}

// NewRound opens a call.
type NewRound struct {
	Org    uuid.UUID `json:"org" format:"uuid" doc:"Who takes the applications"`
	Call   string    `json:"call" maxLength:"60"`
	Name   text.Text `json:"name" doc:"Such as 2026 年第一批"`
	Closes string    `json:"closes" format:"date" doc:"The last day of filing"`
	Budget int64     `json:"budget" doc:"Fen; 0: not bounded here"`
	Fund   string    `json:"fund,omitempty" maxLength:"40" doc:"Budget line of the ledger"`
	Year   int       `json:"year,omitempty"`
}

// OpenRound opens a round of a call, with the hash of the seed by which its experts will be drawn. Errors: ErrCall, ErrRoundField, those
// of auth.
func (s *Service) OpenRound(ctx context.Context, in NewRound) (CallRound, error) {
	scope, err := auth.Allow(ctx, auth.Configure, in.Org)
	if err != nil {
		return CallRound{}, err
	}
	c, err := s.Call(in.Call)
	if err != nil {
		return CallRound{}, err
	}
	now := s.o.Now()
	bad := func(at string, value any, zh, en string) error {
		return ErrRoundField.At("body."+at, value).With("reason", text.Text{Zh: zh, En: en})
	}
	day, ok := workday.ParseDay(in.Closes)
	switch today := workday.DayOf(now.UnixNano()); {
	case !ok || day < today || day > today+3660:
		return CallRound{}, bad("closes", in.Closes, "截止日应是今天或以后的日期", "the last day is a day from today on")
	case in.Budget < 0 || in.Budget > field.MaxWhole:
		return CallRound{}, bad("budget", in.Budget, "预算不能为负", "a budget is not negative")
	case in.Fund != "" && s.o.Funds == nil:
		return CallRound{}, bad("fund", in.Fund, "本节点没有账簿", "this node keeps no ledger")
	case in.Name.Check(100) != nil:
		return CallRound{}, bad("name", in.Name.Zh, "请填写批次名称", "give the round a name")
	}
	if in.Year == 0 {
		in.Year = now.In(field.China).Year()
	}
	seed := make([]byte, 32)
	if _, err := io.ReadFull(s.o.Rand, seed); err != nil {
		return CallRound{}, err
	}
	r := roundRow{ID: uuid.Must(uuid.NewV7()), Org: in.Org, Call: c.ID, Version: c.Version, Name: in.Name, Closes: in.Closes, Budget: in.Budget, Fund: in.Fund, Year: int64(in.Year),
		State: RoundOpen, Seed: hex.EncodeToString(seed), Opened: now.UnixNano(), Revision: 1}
	r.Commitment = Commitment(r.Seed)
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.o.Flows.Offer(ctx, in.Org, FlowPrefix+c.ID, true); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return wrap("open a round", err)
		}
		act := scope.Act(ctx, now, "programme.round.open", audit.Object{Kind: "programme.round", ID: r.ID.String(), Name: in.Name.In("en")}, nil,
			map[string]any{"call": c.ID, "version": c.Version, "closes": in.Closes, "budget": in.Budget, "commitment": r.Commitment})
		if err := s.note(ctx, tx, nil, &r, "open", map[string]any{"commitment": r.Commitment}, act.Actor, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	if err != nil {
		return CallRound{}, err
	}
	return s.roundView(ctx, &r, c)
}

// takes tells whether a round takes applications at an instant.
func (r *roundRow) takes(at int64) bool {
	day, ok := workday.ParseDay(r.Closes)
	return ok && r.State == RoundOpen && at < day.End()
}

// openRound is the newest round of an organisation's call that takes applications. Error: store.ErrNotFound.
func (s *Service) openRound(ctx context.Context, db bun.IDB, org uuid.UUID, call string, at int64) (*roundRow, error) {
	var list []roundRow
	if err := db.NewSelect().Model(&list).Where("r.org = ? AND r.call = ? AND r.state = ?", org, call, RoundOpen).OrderExpr("r.id DESC").Limit(20).Scan(ctx); err != nil {
		return nil, wrap("rounds", err)
	}
	for i := range list {
		if list[i].takes(at) {
			return &list[i], nil
		}
	}
	return nil, store.ErrNotFound
}

// EndFiling ends the time of filing before its day, with a reason.
func (s *Service) EndFiling(ctx context.Context, id uuid.UUID, basis int64, reason string) (CallRound, error) {
	scope, r, c, err := s.desk(ctx, id, auth.Configure)
	if err != nil {
		return CallRound{}, err
	}
	if err := checkWords("reason", text.Text{Zh: "理由", En: "reason"}, reason); err != nil {
		return CallRound{}, err
	}
	now := s.o.Now()
	if !r.takes(now.UnixNano()) {
		return CallRound{}, ErrState.At("body.basis", basis).With("state", roundNames[r.State]).With("needs", roundNames[RoundOpen])
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if r, err = s.round(ctx, tx, id); err != nil {
			return err
		}
		before := r.Closes
		r.Closes = field.DateOf(now.Add(-24 * time.Hour).UnixNano())
		if err := s.moved(ctx, tx, r, basis); err != nil {
			return err
		}
		act := scope.Act(ctx, now, "programme.round.close", audit.Object{Kind: "programme.round", ID: id.String(), Name: r.Name.In("en")}, map[string]any{"closes": before}, map[string]any{"closes": r.Closes})
		act.Reason = reason
		if err := s.note(ctx, tx, nil, r, "close", map[string]any{"reason": reason}, act.Actor, now.UnixNano()); err != nil {
			return err
		}
		return audit.Record(ctx, tx, act)
	})
	if err != nil {
		return CallRound{}, err
	}
	return s.roundView(ctx, r, c)
}

// CallRound is a round as it is told.
type CallRound struct {
	ID         uuid.UUID  `json:"id" format:"uuid"`
	Org        uuid.UUID  `json:"org" format:"uuid"`
	OrgName    text.Text  `json:"orgName"`
	Call       string     `json:"call"`
	CallName   text.Text  `json:"callName"`
	Version    string     `json:"version"`
	Name       text.Text  `json:"name"`
	Closes     string     `json:"closes" format:"date"`
	Takes      bool       `json:"takes" doc:"Applications are taken now"`
	Budget     int64      `json:"budget"`
	Fund       string     `json:"fund,omitempty"`
	Year       int        `json:"year"`
	State      string     `json:"state" enum:"open,drawn,ranked,published"`
	StateName  text.Text  `json:"stateName"`
	Commitment string     `json:"commitment" doc:"SHA-256 of the seed by which experts are drawn, published when the round was opened"`
	Seed       string     `json:"seed,omitempty" doc:"Once it was drawn"`
	Drawn      *time.Time `json:"drawn,omitempty"`
	Opened     time.Time  `json:"opened"`
	Revision   int64      `json:"revision"`
}

func (s *Service) roundView(ctx context.Context, r *roundRow, c *Call) (CallRound, error) {
	name, err := s.o.Parties.Name(ctx, r.Org)
	v := CallRound{ID: r.ID, Org: r.Org, OrgName: name, Call: r.Call, CallName: c.Name, Version: r.Version, Name: r.Name, Closes: r.Closes, Takes: r.takes(s.o.Now().UnixNano()), Budget: r.Budget, Fund: r.Fund, Year: int(r.Year),
		State: r.State, StateName: roundNames[r.State], Commitment: r.Commitment, Drawn: store.Instant(r.Drawn), Opened: time.Unix(0, r.Opened).UTC(), Revision: r.Revision}
	if r.Drawn != 0 {
		v.Seed = r.Seed
	}
	return v, err
}

// rounds by a query, as they are told.
func (s *Service) roundViews(ctx context.Context, rows []roundRow) ([]CallRound, error) {
	out := []CallRound{}
	for i := range rows {
		c, err := s.callOf(ctx, s.o.DB, &rows[i])
		if err != nil {
			return nil, err
		}
		v, err := s.roundView(ctx, &rows[i], c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

var roundOrder = store.Keyset{Columns: []string{"r.id"}, Descending: true}

// Rounds are those of an organisation, or all that take applications or have been made public, the newest first; for anybody.
func (s *Service) Rounds(ctx context.Context, org uuid.UUID, page store.Page) ([]CallRound, string, error) {
	var rows []roundRow
	q := s.o.DB.NewSelect().Model(&rows)
	if org != uuid.Nil {
		q = q.Where("r.org = ?", org)
	}
	q, err := roundOrder.Apply(q, page)
	if err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", wrap("rounds", err)
	}
	cut, next := store.Cut(roundOrder, rows, page, func(r *roundRow) []any { return []any{r.ID.String()} })
	out, err := s.roundViews(ctx, cut)
	return out, next, err
}

// desk is a round for somebody of the organisation that opened it.
func (s *Service) desk(ctx context.Context, id uuid.UUID, verb auth.Verb) (auth.Scope, *roundRow, *Call, error) {
	if _, err := auth.Need(ctx); err != nil {
		return auth.Scope{}, nil, nil, err
	}
	r, err := s.round(ctx, s.o.DB, id)
	if err != nil {
		return auth.Scope{}, nil, nil, err
	}
	scope, err := auth.Allow(ctx, verb, r.Org)
	if errors.Is(err, auth.ErrNotFound) {
		err = fmt.Errorf("round %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return auth.Scope{}, nil, nil, err
	}
	c, err := s.callOf(ctx, s.o.DB, r)
	return scope, r, c, err
}

// CallFile is an application as it is listed at the desk of its round.
type CallFile struct {
	Case      uuid.UUID      `json:"case" format:"uuid"`
	Subject   uuid.UUID      `json:"subject" format:"uuid"`
	Name      text.Text      `json:"name" doc:"Of the applicant"`
	Code      string         `json:"creditCode,omitempty"`
	Title     string         `json:"title"`
	State     string         `json:"state"`
	StateName text.Text      `json:"stateName"`
	Filed     *time.Time     `json:"filed,omitempty"`
	Receipt   string         `json:"receipt,omitempty" doc:"SHA-256 of what was filed"`
	Revision  int64          `json:"revision" doc:"Of the case"`
	May       string         `json:"may" enum:"true,false,unknown"`
	Standing  []WhoStanding  `json:"standing" nullable:"false"`
	Content   field.Record   `json:"content"`
	Papers    []flowDocument `json:"papers" nullable:"false"`
	Reviews   []ReviewLine   `json:"reviews" nullable:"false"`
	Award     *AwardView     `json:"award,omitempty"`
}

type flowDocument = struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Files are the applications of a round for its desk: what was filed, drafts not among them.
func (s *Service) Files(ctx context.Context, id uuid.UUID) ([]CallFile, error) {
	_, r, c, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	return s.filesOf(ctx, r, c)
}

func (s *Service) filesOf(ctx context.Context, r *roundRow, c *Call) ([]CallFile, error) {
	rows, err := s.files(ctx, s.o.DB, r.ID)
	if err != nil {
		return nil, err
	}
	lines, err := s.lines(ctx, r, c)
	if err != nil {
		return nil, err
	}
	out := []CallFile{}
	for i := range rows {
		if rows[i].Filed == 0 {
			continue
		}
		v, err := s.fileView(ctx, &rows[i], c)
		if err != nil {
			return nil, err
		}
		v.Reviews = append([]ReviewLine{}, lines[rows[i].CaseID]...)
		if v.Award, err = s.awardView(ctx, c, rows[i].CaseID); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) fileView(ctx context.Context, f *fileRow, c *Call) (CallFile, error) {
	p, registered, err := s.o.Parties.Profile(ctx, f.Subject, field.DateOf(s.o.Now().UnixNano()))
	if err != nil {
		return CallFile{}, err
	}
	if !registered {
		if p.Name, err = s.o.Parties.Name(ctx, f.Subject); err != nil {
			return CallFile{}, err
		}
	}
	v := CallFile{Case: f.CaseID, Subject: f.Subject, Name: p.Name, Code: p.CreditCode, Title: f.Title, State: f.State, StateName: stateName(f.State), Filed: store.Instant(f.Filed), Receipt: f.Receipt, Revision: f.Revision, Papers: []flowDocument{}, Standing: []WhoStanding{}, Reviews: []ReviewLine{}}
	v.May, v.Standing = c.May(p, registered)
	if v.Content, err = s.recordOf(f, c); err != nil {
		return v, err
	}
	list, err := decode[[]flowDocument](f.Documents)
	v.Papers = append(v.Papers, list...)
	return v, err
}

// recordOf reads the content of an application by the fields of its call and of its formal check.
func (s *Service) recordOf(f *fileRow, c *Call) (field.Record, error) {
	schema := field.Schema{{Key: "project", Type: field.Text}, {Key: "summary", Type: field.Text}, {Key: "award", Type: field.Money}, {Key: "truthful", Type: field.Boolean}}
	schema = append(schema, c.Fields...)
	for _, x := range c.Checks {
		schema = append(schema, field.Field{Key: checkField(x.ID), Type: field.Boolean})
	}
	return schema.Decode([]byte(f.Content))
}

func stateName(id string) text.Text {
	for _, s := range (&Call{}).flow()["states"].([]object) {
		if s["id"] == id {
			return s["name"].(text.Text)
		}
	}
	return text.Both(id)
}

// MyRound is what an enterprise sees of one round.
type MyRound struct {
	CallRound
	Text      text.Text     `json:"text"`
	May       string        `json:"may" enum:"true,false,unknown" doc:"Whether it may apply"`
	Standing  []WhoStanding `json:"standing" nullable:"false" doc:"Condition by condition, with what the register says"`
	Case      *uuid.UUID    `json:"case,omitempty" format:"uuid" doc:"Its own application"`
	Title     string        `json:"title,omitempty"`
	CaseState string        `json:"caseState,omitempty"`
	StateText text.Text     `json:"caseStateName,omitzero"`
}

// ForMe are the rounds that take applications or hold one of the enterprise's own, the newest first.
func (s *Service) ForMe(ctx context.Context, org uuid.UUID) ([]MyRound, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, err
	}
	var files []fileRow
	if err := s.o.DB.NewSelect().Model(&files).Where("f.subject = ?", org).OrderExpr("f.case_id DESC").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("applications", err)
	}
	var rounds []roundRow
	ids := []string{""}
	for _, f := range files {
		ids = append(ids, f.Round.String())
	}
	if err := s.o.DB.NewSelect().Model(&rounds).Where("r.state = ? OR r.id IN (?)", RoundOpen, bun.List(ids)).OrderExpr("r.id DESC").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("rounds", err)
	}
	now := s.o.Now().UnixNano()
	p, registered, err := s.o.Parties.Profile(ctx, org, field.DateOf(now))
	if err != nil {
		return nil, err
	}
	out := []MyRound{}
	for i := range rounds {
		r := &rounds[i]
		own := slices.IndexFunc(files, func(f fileRow) bool { return f.Round == r.ID })
		if own < 0 && !r.takes(now) {
			continue
		}
		c, err := s.callOf(ctx, s.o.DB, r)
		if err != nil {
			return nil, err
		}
		v := MyRound{Text: c.Text}
		if v.CallRound, err = s.roundView(ctx, r, c); err != nil {
			return nil, err
		}
		v.May, v.Standing = c.May(p, registered)
		if own >= 0 {
			f := files[own]
			v.Case, v.Title, v.CaseState, v.StateText = &f.CaseID, f.Title, f.State, stateName(f.State)
		}
		out = append(out, v)
	}
	return out, nil
}
