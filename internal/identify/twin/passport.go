package twin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Tier is who may read a part of a passport, the widest first.
type Tier string

// The tiers (Regulation (EU) 2024/1781, article 11): everybody; whoever has shown a legitimate interest; authorities.
const (
	Public     Tier = "public"
	Legitimate Tier = "legitimate-interest"
	Authority  Tier = "authority"
)

// GrantKind is what grants call passports; the subject of a grant is a tier. Who holds Authority reads Legitimate too.
const GrantKind = "passport"

// Passport says what of a shell is published as the passport of a product (EN 18223, 4.1.2.1).
type Passport struct {
	ID          string          `json:"id" maxLength:"2000" doc:"digitalProductPassportId: a URI"`
	Product     string          `json:"product" maxLength:"2000" doc:"uniqueProductIdentifier: a URI such as a GS1 Digital Link"`
	Granularity string          `json:"granularity" enum:"model,batch,item"`
	Status      string          `json:"status" enum:"active,inactive,archived,invalid"`
	Operator    string          `json:"operator" maxLength:"2000" doc:"economicOperatorId"`
	Facility    string          `json:"facility,omitempty" maxLength:"2000" doc:"facilityId"`
	Shell       string          `json:"shell" maxLength:"2000" doc:"Id of the shell whose submodels it tells"`
	Tiers       map[string]Tier `json:"tiers" doc:"Who may read what: submodel, or submodel.element, to public, legitimate-interest or authority; what is not named is told to nobody outside"`
}

// Published is a passport at one of its versions.
type Published struct {
	Passport
	Org     uuid.UUID
	Version int64
	At      int64
	Actor   string
}

type passportRow struct {
	bun.BaseModel `bun:"table:twin_passport,alias:p"`

	Passport string `bun:"passport,pk"`
	Number   int64  `bun:"number,pk"`
	Org      uuid.UUID
	Product  string
	At       int64
	Actor    string
	Content  string
}

func (r *passportRow) published() (Published, error) {
	p := Published{Org: r.Org, Version: r.Number, At: r.At, Actor: r.Actor}
	if err := json.Unmarshal([]byte(r.Content), &p.Passport); err != nil {
		return p, fmt.Errorf("twin: passport %s: %w", r.Passport, err)
	}
	return p, nil
}

// maxTiers bounds the parts that a passport names.
const maxTiers = 500

// check tells what is wrong with a passport.
func (p *Passport) check() error {
	bad := func(field, value, zh, en string) error {
		return ErrPassport.At("body."+field, value).With("reason", text.Text{Zh: zh, En: en})
	}
	for _, f := range []struct{ name, value string }{{"id", p.ID}, {"product", p.Product}, {"operator", p.Operator}} {
		u, err := url.Parse(f.value)
		if err != nil || u.Scheme == "" || !utf8.ValidString(f.value) {
			return bad(f.name, f.value, "不是带方案的 URI", "is not a URI with a scheme")
		}
	}
	if p.Shell == "" {
		return bad("shell", "", "缺少管理壳标识", "names no shell")
	}
	if len(p.Tiers) == 0 || len(p.Tiers) > maxTiers {
		return bad("tiers", fmt.Sprint(len(p.Tiers)), "须有 1 至 500 项", "holds 1 to 500 parts")
	}
	for path, tier := range p.Tiers {
		if _, err := aas.ParsePath(path); err != nil {
			return bad("tiers."+clip(path), clip(path), "不是子模型或其元素的路径", "is not the path of a submodel or an element in it")
		}
		if tier != Public && tier != Legitimate && tier != Authority {
			return bad("tiers."+clip(path), clip(string(tier)), "应为 public、legitimate-interest 或 authority", "is not public, legitimate-interest or authority")
		}
	}
	return nil
}

// Publish puts a new version of a passport. Errors: ErrPassport, ErrExists where another organisation has published one under
// its id, store.ErrNotFound where the shell is not the scope's.
func (s *Service) Publish(ctx context.Context, scope auth.Scope, p Passport) (out Published, err error) {
	if err := p.check(); err != nil {
		return out, err
	}
	content, err := json.Marshal(p)
	if err != nil {
		return out, err
	}
	actor, err := json.Marshal(auth.ActorOf(scope.Principal()))
	if err != nil {
		return out, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := s.Document(ctx, scope, aas.Shell, p.Shell, time.Time{}); err != nil {
			return err
		}
		row := passportRow{Passport: digest(p.ID), Number: 1, Org: scope.Org(), Product: digest(p.Product), At: s.o.Now().UnixNano(), Actor: string(actor), Content: string(content)}
		var last []passportRow
		if err := tx.NewSelect().Model(&last).Where("p.passport = ?", row.Passport).OrderExpr("p.number DESC").Limit(1).Scan(ctx); err != nil {
			return wrap("look for a passport", err)
		}
		if len(last) > 0 {
			if last[0].Org != row.Org {
				return ErrExists.At("body.id", p.ID)
			}
			row.Number, row.At = last[0].Number+1, max(row.At, last[0].At+1)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("publish a passport", err)
		}
		if out, err = row.published(); err != nil {
			return err
		}
		return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), "twin.passport.publish", audit.Object{Kind: "twin.passport", ID: row.Passport, Name: clip(p.ID)}, nil, p))
	})
	return out, err
}

// passport finds a published passport at a time; the zero time is now. A passport is for everybody to find; what it tells is
// decided by Reader. Error: store.ErrNotFound.
func (s *Service) passport(ctx context.Context, id string, at time.Time) (Published, error) {
	var rows []passportRow
	q := s.o.DB.NewSelect().Model(&rows).Where("p.passport = ?", digest(id))
	if !at.IsZero() {
		q = q.Where("p.at <= ?", at.UnixNano())
	}
	if err := auth.Everywhere().Where(q, "p.org").OrderExpr("p.number DESC").Limit(1).Scan(ctx); err != nil {
		return Published{}, wrap("find a passport", err)
	}
	if len(rows) == 0 {
		return Published{}, fmt.Errorf("passport %s: %w", clip(id), store.ErrNotFound)
	}
	return rows[0].published()
}

var byPassport = store.Keyset{Columns: []string{"p.passport"}}

// latestOnly keeps the newest version of each passport.
const latestOnly = "p.number = (SELECT MAX(o.number) FROM twin_passport AS o WHERE o.passport = p.passport)"

// ofProducts lists the passports of products.
func (s *Service) ofProducts(ctx context.Context, products []string, page store.Page) ([]Published, string, error) {
	digests := make([]string, len(products))
	for i, p := range products {
		digests[i] = digest(p)
	}
	var rows []passportRow
	q := s.o.DB.NewSelect().Model(&rows).Where("p.product IN (?)", bun.List(digests)).Where(latestOnly)
	return passports(ctx, auth.Everywhere().Where(q, "p.org"), &rows, page)
}

// Passports lists those that the scope has published, as they are now.
func (s *Service) Passports(ctx context.Context, scope auth.Scope, page store.Page) ([]Published, string, error) {
	var rows []passportRow
	return passports(ctx, scope.Where(s.o.DB.NewSelect().Model(&rows).Where(latestOnly), "p.org"), &rows, page)
}

func passports(ctx context.Context, q *bun.SelectQuery, rows *[]passportRow, page store.Page) (out []Published, next string, err error) {
	list, next, err := store.List(ctx, byPassport, q, rows, page, func(r *passportRow) []any { return []any{r.Passport} }, func(r *passportRow) passportRow { return *r })
	if err != nil {
		return nil, "", wrap("list passports", err)
	}
	for i := range list {
		p, err := list[i].published()
		if err != nil {
			return nil, "", err
		}
		out = append(out, p)
	}
	return out, next, nil
}

// reach is which tiers a caller reads of an organisation's passports; nil is all of what stands in the shell.
func reach(ctx context.Context, org uuid.UUID) (tiers []Tier, looked func() error, err error) {
	nothing := func() error { return nil }
	if _, known := auth.FromContext(ctx); !known {
		return []Tier{Public}, nothing, nil
	}
	if _, err := auth.Allow(ctx, auth.Read, org); err == nil {
		return nil, nothing, nil
	}
	shares, err := auth.Granted(ctx, GrantKind, org)
	if err != nil {
		return []Tier{Public}, nothing, nil // no grant stands: it is read as by anybody
	}
	tiers = []Tier{Public}
	subjects := shares.Subjects(org)
	if slices.Contains(subjects, string(Legitimate)) || slices.Contains(subjects, string(Authority)) {
		tiers = append(tiers, Legitimate)
	}
	if slices.Contains(subjects, string(Authority)) {
		tiers = append(tiers, Authority)
	}
	return tiers, func() error { return shares.Looked(ctx, org, "", 1) }, nil
}

// told tells whether a tier that a path has reaches the caller: the longest path that was named counts.
func (p *Passport) told(tiers []Tier, path string) (here, within bool) {
	if tiers == nil {
		return true, true
	}
	for at := path; ; {
		if tier, named := p.Tiers[at]; named {
			here = slices.Contains(tiers, tier)
			break
		}
		i := strings.LastIndexAny(at, ".[")
		if i < 0 {
			break
		}
		at = at[:i]
	}
	for other, tier := range p.Tiers {
		if slices.Contains(tiers, tier) && (strings.HasPrefix(other, path+".") || strings.HasPrefix(other, path+"[")) {
			within = true
		}
	}
	return here, here || within
}
