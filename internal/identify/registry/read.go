package registry

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Get returns an identifier as it stands, or as it stood at a time by what was known then. Errors: ErrIdentifier, ErrPrefix.
func (s *Service) Get(ctx context.Context, name handle.Name, asOf time.Time) (Version, error) {
	scope, _, err := s.prefixFor(ctx, auth.Read, subject(name), "query.identifier")
	if err != nil {
		return Version{}, err
	}
	var rows []versionRow
	q := scope.Where(versions(s.o.DB, &rows).Where("v.ident_key = ?", handle.Fold(nil, []byte(name))), "p.org")
	if asOf.IsZero() {
		q = q.Where("v.until = ?", store.Forever)
	} else {
		q = q.Where("v.at <= ? AND v.until > ?", asOf.UnixNano(), asOf.UnixNano())
	}
	if err := q.OrderExpr("v.serial DESC").Limit(1).Scan(ctx); err != nil {
		return Version{}, wrap("read an identifier", err)
	}
	if len(rows) == 0 {
		return Version{}, ErrIdentifier.At("query.identifier", string(name))
	}
	return rows[0].version(), nil
}

var pastOrder = store.Keyset{Columns: []string{"v.serial"}, Descending: true}

// History returns the versions of an identifier, the newest first. Errors: ErrPrefix, store.ErrCursor.
func (s *Service) History(ctx context.Context, name handle.Name, page store.Page) ([]Version, string, error) {
	scope, _, err := s.prefixFor(ctx, auth.Read, subject(name), "query.identifier")
	if err != nil {
		return nil, "", err
	}
	var rows []versionRow
	q := scope.Where(versions(s.o.DB, &rows).Where("v.ident_key = ?", handle.Fold(nil, []byte(name))), "p.org")
	return store.List(ctx, pastOrder, q, &rows, page, func(r *versionRow) []any { return []any{r.Serial} }, (*versionRow).version)
}

// Query asks for identifiers of one prefix.
type Query struct {
	Prefix string
	Words  string   // full text over names and string items of records that follow a template
	Begins string   // how the suffix begins
	Where  []string // item=value, item>value, …; an item by its name or index
	Asked  string   // the version of the template whose items Where names; "" where the prefix has one published
	AsOf   time.Time
}

// operators of Where, the longer ones first.
var operators = []string{">=", "<=", "!=", "=", ">", "<", "~"}

// condition is one part of Where.
type condition struct {
	item     *TemplateItem
	operator string
	word     string
	number   float64
}

func (s *Service) condition(p *Prefix, q *Query, part string) (condition, error) {
	bad := func(zh, en string) (condition, error) {
		return condition{}, ErrQuery.At("query.where", part).With("reason", en).Because(fmt.Errorf("%s", zh))
	}
	at, operator := len(part), ""
	for _, o := range operators {
		if i := strings.Index(part, o); i >= 0 && (i < at || i == at && len(o) > len(operator)) {
			at, operator = i, o
		}
	}
	if operator == "" {
		return bad("没有比较符", "it has no comparison")
	}
	t := s.templateFor(p.Number, q.Asked)
	if t == nil {
		return bad("该前缀没有这个模板", "the prefix has no such template")
	}
	name, value := strings.TrimSpace(part[:at]), strings.TrimSpace(part[at+len(operator):])
	it := t.named(name)
	if index, err := strconv.ParseUint(name, 10, 32); err == nil && it == nil {
		it = t.item(uint32(index))
	}
	if it == nil {
		return bad("模板中没有该属性", "the template has no such item")
	}
	c := condition{item: it, operator: operator, word: folding(value)}
	switch it.Type {
	case StringItem:
		if strings.ContainsAny(operator, "<>") {
			return bad("文本不比较大小", "texts have no order")
		}
	default:
		if operator == "~" {
			return bad("只有文本可按开头查找", "only texts are found by their beginning")
		}
		plain := TemplateItem{Name: it.Name, Type: it.Type, MaxLength: maxItemLength}
		var fault *Fault
		if c.number, fault = plain.check(value); fault != nil {
			return bad(fault.Reason.Zh, fault.Reason.En)
		}
	}
	return c, nil
}

// where limits a query of versions to a condition.
func (c *condition) where(q *bun.SelectQuery, prefix int64) *bun.SelectQuery {
	of := "v.serial IN (SELECT serial FROM identify_value WHERE prefix = ? AND item = ? AND "
	item := int64(c.item.Index)
	switch {
	case c.operator == "!=" && c.item.Type == StringItem:
		return q.Where(of+"word <> ?)", prefix, item, c.word)
	case c.operator == "!=":
		return q.Where(of+"number <> ?)", prefix, item, c.number)
	case c.operator == "~":
		return q.Where(of+"word >= ? AND word < ?)", prefix, item, c.word, c.word+"\U0010FFFF")
	case c.item.Type == StringItem:
		return q.Where(of+"word = ?)", prefix, item, c.word)
	}
	return q.Where(of+"number "+c.operator+" ?)", prefix, item, c.number)
}

// Find returns identifiers of a prefix that a query finds, by their keys. Errors: ErrPrefix, ErrQuery, store.ErrCursor.
func (s *Service) Find(ctx context.Context, f Query, page store.Page) (out []Version, next string, err error) {
	q, rows, err := s.query(ctx, &f)
	if err != nil {
		return nil, "", err
	}
	if page.After != "" {
		after, err := base64.RawURLEncoding.DecodeString(page.After)
		if err != nil || len(after) == 0 || len(after) > handle.MaxName {
			return nil, "", store.ErrCursor
		}
		q = q.Where("v.ident_key > ?", after)
	}
	n := page.Rows()
	if err := q.OrderExpr("v.ident_key").Limit(int64(n) + 1).Scan(ctx); err != nil {
		return nil, "", wrap("find identifiers", err)
	}
	if list := *rows; len(list) > n {
		*rows, next = list[:n], base64.RawURLEncoding.EncodeToString(list[n-1].IdentKey)
	}
	return store.All(*rows, (*versionRow).version), next, nil
}

// Total is how many identifiers a query finds.
func (s *Service) Total(ctx context.Context, f Query) (int64, error) {
	q, _, err := s.query(ctx, &f)
	if err != nil {
		return 0, err
	}
	n, err := q.Count(ctx)
	return int64(n), wrap("count identifiers", err)
}

func (s *Service) query(ctx context.Context, f *Query) (*bun.SelectQuery, *[]versionRow, error) {
	scope, p, err := s.prefixFor(ctx, auth.Read, f.Prefix, "query.prefix")
	if err != nil {
		return nil, nil, err
	}
	rows := new([]versionRow)
	q := scope.Where(versions(s.o.DB, rows).Where("v.prefix = ?", p.Number), "p.org")
	from, to := keyRange(p.Prefix)
	if f.Begins != "" {
		from = append(from, handle.Fold(nil, []byte(f.Begins))...)
		to = append(append([]byte{}, from...), 0xff)
	}
	q = q.Where("v.ident_key >= ? AND v.ident_key < ?", from, to)
	if f.AsOf.IsZero() {
		q = q.Where("v.until = ?", store.Forever)
	} else {
		if f.Words != "" || len(f.Where) > 0 {
			return nil, nil, ErrQuery.At("query.asOf", f.AsOf.Format(time.RFC3339)).With("reason", "words and attributes are searched as they are now")
		}
		q = q.Where("v.at <= ? AND v.until > ?", f.AsOf.UnixNano(), f.AsOf.UnixNano())
	}
	for _, part := range f.Where {
		c, err := s.condition(&p, f, part)
		if err != nil {
			return nil, nil, err
		}
		q = c.where(q, p.Number)
	}
	if f.Words != "" {
		var ok bool
		if q, ok = s.words.where(q, f.Words); !ok {
			return nil, nil, ErrQuery.At("query.q", f.Words).With("reason", "it holds no word")
		}
	}
	return q, rows, nil
}
