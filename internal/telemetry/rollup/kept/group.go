package kept

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Group is a population of series as it is from a time on: the members of a plant, a park, a programme. Rooms above make
// one and ask ReadMembers; people declare one that is kept, with all its versions.
type Group struct {
	ID      uuid.UUID
	Version string // names the members; part of the formula
	Members []uuid.UUID
	From    int64 // of buckets that begin at or after it
}

// NewGroup is a group with its version worked out.
func NewGroup(id uuid.UUID, members []uuid.UUID, from int64) Group {
	g := Group{ID: id, Members: slices.Clone(members), From: from}
	slices.SortFunc(g.Members, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	g.Members = slices.Compact(g.Members)
	h := sha256.New()
	h.Write(id[:])
	for _, m := range g.Members {
		h.Write(m[:])
	}
	g.Version = hex.EncodeToString(h.Sum(nil)[:16])
	return g
}

// GroupResult is a row of a group.
type GroupResult struct {
	rollup.GroupRow
	Group    Group       // whose members it is of
	Formula  string      // hash
	Calendar string      // version
	Missing  []uuid.UUID // members of which nothing is known in the bucket
	Kept     int         // members told from what is kept
	Open     bool        // the bucket has not ended
}

type groupRow struct {
	bun.BaseModel `bun:"table:rollup_group,alias:g"`

	ID      uuid.UUID `bun:"id,pk"`
	Number  int64     `bun:"number,pk"`
	Org     uuid.UUID
	Name    text.Text
	Since   int64
	Members string
	Reason  string
	Actor   string
	Made    int64
}

// GroupVersion is one version of a group that is kept.
type GroupVersion struct {
	Group
	Number int64
	Org    uuid.UUID
	Name   text.Text
	Reason string
	By     audit.Actor
	Made   int64
}

func (r *groupRow) version() (GroupVersion, error) {
	v := GroupVersion{Number: r.Number, Org: r.Org, Name: r.Name, Reason: r.Reason, Made: r.Made}
	var members []uuid.UUID
	if err := errors.Join(json.Unmarshal([]byte(r.Members), &members), json.Unmarshal([]byte(r.Actor), &v.By)); err != nil {
		return v, fmt.Errorf("version %d of group %s: %w", r.Number, r.ID, err)
	}
	v.Group = NewGroup(r.ID, members, r.Since)
	return v, nil
}

// NewGroupVersion is what is said of a group.
type NewGroupVersion struct {
	Name    text.Text
	Members []uuid.UUID
	From    time.Time // of buckets that begin at or after it; zero: since ever
	Reason  string
}

// DeclareGroup keeps a group of an organisation. A zero id is a new one, any other a further version of it, which takes the
// place of what was said of buckets from From on. Errors: ErrName, ErrMembers, ErrMember, ErrUnits, ErrReason, ErrSpan,
// store.ErrNotFound.
func (s *Service) DeclareGroup(ctx context.Context, org, id uuid.UUID, q NewGroupVersion) (GroupVersion, error) {
	if id != uuid.Nil {
		versions, err := s.Group(ctx, id)
		if err != nil {
			return GroupVersion{}, err
		}
		org = versions[0].Org
	}
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return GroupVersion{}, err
	}
	if err := checkReason(q.Reason, ""); err != nil {
		return GroupVersion{}, err
	}
	if q.Name.IsZero() || utf8.RuneCountInString(q.Name.In("zh")) > 200 || utf8.RuneCountInString(q.Name.In("en")) > 200 {
		return GroupVersion{}, ErrName.At("body.name", q.Name.In("zh"))
	}
	if n := len(q.Members); n == 0 || n > MaxMembers {
		return GroupVersion{}, ErrMembers.At("body.members", strconv.Itoa(n)).With("max", MaxMembers)
	}
	from := int64(0)
	if !q.From.IsZero() {
		var ok bool
		if from, ok = instant(q.From); !ok {
			return GroupVersion{}, ErrSpan.At("body.from", q.From.Format(time.RFC3339Nano))
		}
	}
	fresh := id == uuid.Nil
	if fresh {
		id = uuid.Must(uuid.NewV7())
	}
	g := NewGroup(id, q.Members, from)
	if len(g.Members) != len(q.Members) {
		return GroupVersion{}, ErrMembers.At("body.members", strconv.Itoa(len(q.Members))).With("max", MaxMembers)
	}
	if _, err := s.members(q.Members, org); err != nil {
		return GroupVersion{}, err
	}
	members, err := json.Marshal(g.Members)
	if err != nil {
		return GroupVersion{}, err
	}
	r := groupRow{ID: id, Number: 1, Org: org, Name: q.Name, Since: from, Members: string(members), Reason: q.Reason, Made: s.o.Now().UnixNano()}
	e := scope.Act(ctx, s.o.Now(), "rollup.group", audit.Object{Kind: "rollup.group", ID: id.String(), Name: q.Name.In("zh")}, nil,
		map[string]any{"members": g.Members, "from": from, "reason": q.Reason})
	actor, err := json.Marshal(e.Actor)
	if err != nil {
		return GroupVersion{}, err
	}
	r.Actor = string(actor)
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if !fresh {
			if err := tx.NewSelect().Model((*groupRow)(nil)).ColumnExpr("MAX(g.number) + 1").Where("g.id = ?", id).Scan(ctx, &r.Number); err != nil {
				return err
			}
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return GroupVersion{}, fmt.Errorf("write down a group: %w", store.Err(err))
	}
	return r.version()
}

// members finds series that go together: of one organisation (any, if it is zero), of numbers, and of one unit.
func (s *Service) members(ids []uuid.UUID, org uuid.UUID) (list []*subject, err error) {
	for i, id := range ids {
		where := "body.members[" + strconv.Itoa(i) + "]"
		x, err := s.subject(id, 0)
		if err != nil || org != uuid.Nil && x.series.Org != org || s.isDerived(x.ref) || x.series.Type == telemetry.String {
			return nil, ErrMember.At(where, id.String())
		}
		if len(list) > 0 && list[0].series.Unit != x.series.Unit {
			return nil, ErrUnits.At(where, id.String()).With("unit", x.series.Unit).With("other", list[0].series.Unit)
		}
		list = append(list, x)
	}
	return list, nil
}

// Group tells all versions of a group that the caller may read, oldest first. Error: store.ErrNotFound.
func (s *Service) Group(ctx context.Context, id uuid.UUID) ([]GroupVersion, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	return s.versions(ctx, scope, id)
}

func (s *Service) versions(ctx context.Context, scope auth.Scope, id uuid.UUID) (out []GroupVersion, err error) {
	var rows []groupRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows), "g.org").Where("g.id = ?", id).OrderExpr("g.number").Scan(ctx); err != nil {
		return nil, fmt.Errorf("group %s: %w", id, store.Err(err))
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("group %s: %w", id, store.ErrNotFound)
	}
	for i := range rows {
		v, err := rows[i].version()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

var byGroup = store.Keyset{Columns: []string{"g.id"}}

// Groups lists the newest version of each group of the scope.
func (s *Service) Groups(ctx context.Context, scope auth.Scope, page store.Page) ([]GroupVersion, string, error) {
	var rows []groupRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows), "g.org").Where("g.number = (SELECT MAX(x.number) FROM rollup_group x WHERE x.id = g.id)")
	var broken error
	items, next, err := store.List(ctx, byGroup, q, &rows, page, func(r *groupRow) []any { return []any{r.ID.String()} }, func(r *groupRow) GroupVersion {
		v, err := r.version()
		broken = cmp.Or(broken, err)
		return v
	})
	if err = errors.Join(err, broken); err != nil {
		return nil, "", fmt.Errorf("list groups: %w", err)
	}
	return items, next, nil
}

// ReadGroup tells the rows of a group that is kept, as Read does those of a series; a bucket is of the members that had
// been declared for its begin, by what had been said of them as of the commit. It asks in the node's own right.
func (s *Service) ReadGroup(ctx context.Context, id uuid.UUID, level rollup.Level, span telemetry.Span, asOf uint64, now int64) ([]GroupResult, error) {
	v, err := s.viewOf(asOf, now)
	if err != nil {
		return nil, err
	}
	versions, err := s.versions(ctx, auth.Everywhere(), id)
	if err != nil {
		return nil, err
	}
	var groups []Group
	for _, x := range versions {
		if v.asOf == 0 || x.Made <= v.now {
			groups = append(groups, x.Group)
		}
	}
	return s.ReadMembers(ctx, groups, level, span, asOf, now)
}

// ReadMembers tells the rows of a group: groups are its versions in the order in which they were said. The buckets are those
// of the calendar of the first member; in a plant they are everybody's. Errors as Read, ErrMember, ErrUnits.
func (s *Service) ReadMembers(ctx context.Context, groups []Group, level rollup.Level, span telemetry.Span, asOf uint64, now int64) ([]GroupResult, error) {
	v, err := s.viewOf(asOf, now)
	if err != nil {
		return nil, err
	}
	if err := checkSpan(level, span); err != nil {
		return nil, err
	}
	if len(groups) == 0 || v.asOf == telemetry.BeforeAll {
		return nil, nil
	}
	var out []GroupResult
	t := tally{MaxSamples}
	for at := span.From; at < span.To; {
		g, until := groupAt(groups, at)
		if g == nil || len(g.Members) == 0 {
			at = until
			continue
		}
		part := telemetry.Span{From: at, To: min(until, span.To)}
		rows, err := s.readVersion(ctx, g, level, part, v, &t)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if n, _ := groupAt(groups, r.From); n != nil && n.Version == g.Version && (len(out) == 0 || r.From >= out[len(out)-1].To) {
				out = append(out, r)
			}
		}
		if len(out)*len(g.Members) > MaxRows*10 {
			return nil, ErrRows.At("query.to", stamp(span.To)).With("max", MaxRows*10/len(g.Members)).With("level", level.String())
		}
		at = part.To
	}
	return out, nil
}

// groupAt is the version that holds for a bucket that begins at a time, what was said last first, and until when it does.
func groupAt(groups []Group, at int64) (g *Group, until int64) {
	until = telemetry.MaxTime
	for i := range slices.Backward(groups) {
		if groups[i].From <= at {
			return &groups[i], until
		}
		until = min(until, groups[i].From)
	}
	return nil, until
}

func (s *Service) readVersion(ctx context.Context, g *Group, level rollup.Level, span telemetry.Span, v view, t *tally) ([]GroupResult, error) {
	list, err := s.members(g.Members, uuid.Nil)
	if err != nil {
		return nil, err
	}
	c, err := s.cutsOf(ctx, list[0].series.ID, span)
	if err != nil {
		return nil, err
	}
	if most := MaxRows * 10 / len(list); c.count(level, span, most) > most {
		return nil, ErrRows.At("query.to", stamp(span.To)).With("max", most).With("level", level.String())
	}
	buckets := c.buckets(level, span)
	rows := make([][]rollup.Row, len(buckets))
	formulas := make([]hash.Hash, len(buckets)) // of the members' rows, in the order of the members
	for i := range formulas {
		formulas[i] = sha256.New()
	}
	out := make([]GroupResult, len(buckets))
	for _, x := range list {
		if v.asOf != 0 { // by what had been said of it then
			if x, err = s.subjectOf(x.ref, v.now); err != nil {
				return nil, err
			}
		}
		own, err := s.read(ctx, x, c, level, span, buckets, v, t)
		if err != nil {
			return nil, err
		}
		k := 0
		for i, b := range buckets {
			for k < len(own) && own[k].From < b.from {
				k++
			}
			if k == len(own) || own[k].From != b.from {
				out[i].Missing = append(out[i].Missing, x.series.ID)
				w := x.word(level, b)
				note(formulas[i], &w)
				continue
			}
			note(formulas[i], &own[k].Word)
			if own[k].Kept {
				out[i].Kept++
			}
			rows[i] = append(rows[i], own[k].Row)
		}
	}
	for i, b := range buckets {
		r := &out[i]
		if r.GroupRow, err = rollup.Combine(b.from, b.to, len(list), rows[i]); err != nil {
			return nil, err
		}
		r.Group, r.Calendar, r.Open = *g, b.version, b.to > v.now
		f := rollup.Formula{Level: level, Type: list[0].series.Type, Calendar: b.version, Population: g.Version + " " + hex.EncodeToString(formulas[i].Sum(nil)[:16])}
		r.Formula = rollup.FormulaHash(f)
	}
	return slices.DeleteFunc(out, func(r GroupResult) bool { return len(r.Missing) == len(r.Group.Members) }), nil
}

// note adds the formula of a member's row to that of the group's.
func note(h hash.Hash, w *Word) {
	f := w.Formula().Hash()
	h.Write(f[:])
}
