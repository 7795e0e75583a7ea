package docking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Above is whom an organisation of this node hands in to.
type Above struct {
	Org      uuid.UUID
	Revision int64
	Prefix   string // what it hands in for: "88.101"
	URL      string // where returns go; "" for to nobody any more
	Since    string // day: the first period that is handed in holds it or comes after it
	Reason   string
	By       audit.Actor
	At       int64
}

type aboveContent struct {
	Prefix string `json:"prefix"`
	URL    string `json:"url"`
	Since  string `json:"since"`
}

func (r *aboveRow) above() (Above, error) {
	a := Above{Org: r.Org, Revision: r.Revision, Reason: r.Reason, At: r.At}
	var c aboveContent
	if err := errors.Join(json.Unmarshal([]byte(r.Content), &c), json.Unmarshal([]byte(r.Actor), &a.By)); err != nil {
		return a, fmt.Errorf("node above %s: %w", r.Org, err)
	}
	a.Prefix, a.URL, a.Since = c.Prefix, c.URL, c.Since
	return a, nil
}

// Above is whom an organisation hands in to; Revision 0 for nobody yet. Errors: those of auth.Allow.
func (s *Service) Above(ctx context.Context, org uuid.UUID) (Above, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return Above{}, err
	}
	var row aboveRow
	err = store.Err(scope.Where(s.o.DB.NewSelect().Model(&row), "a.org").OrderExpr("a.revision DESC").Limit(1).Scan(ctx))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Above{Org: org}, nil
	case err != nil:
		return Above{}, wrap("node above", err)
	}
	return row.above()
}

var (
	urlName   = text.Text{Zh: "报送地址", En: "Address"}
	sinceName = text.Text{Zh: "起始日期", En: "First day"}
)

// SetAbove says whom an organisation hands in to from now on. a.Revision is the one that the caller has seen. Errors: ErrField, ErrChanged and
// those of auth.Allow.
func (s *Service) SetAbove(ctx context.Context, a Above) (Above, error) {
	scope, err := auth.Allow(ctx, auth.Configure, a.Org)
	if err != nil {
		return a, err
	}
	if err := checkReason(a.Reason); err != nil {
		return a, err
	}
	a.Prefix, a.URL = strings.TrimSpace(a.Prefix), strings.TrimSpace(a.URL)
	if len(a.Prefix) > 64 || !prefixForm.MatchString(a.Prefix) {
		return a, wrong("body.prefix", a.Prefix, prefixName, text.Text{Zh: "不是标识前缀", En: "is no prefix"}, text.Text{Zh: "由点分隔的字母和数字，例如 88.101", En: "Letters and digits divided by dots, such as 88.101"})
	}
	if mine, err := s.o.Holds(ctx, a.Org, a.Prefix); err != nil {
		return a, err
	} else if !mine {
		return a, wrong("body.prefix", a.Prefix, prefixName, text.Text{Zh: "不属于本机构", En: "does not belong to the organisation"}, text.Text{Zh: "请填写本机构在本节点持有的前缀", En: "Name a prefix that the organisation holds on this node"})
	}
	if a.URL != "" {
		if _, f := s.o.Door.Address(a.URL); f != nil {
			return a, wrong("body.url", a.URL, urlName, f.Text, f.Mend)
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, a.Since, China); err != nil || day.After(s.o.Now()) {
		return a, wrong("body.since", a.Since, sinceName, text.Text{Zh: "不是已开始的日期", En: "is no day that has begun"}, text.Text{Zh: "写成 2026-11-21，不晚于今天", En: "Write it as 2026-11-21, today at the latest"})
	}
	before, err := s.Above(ctx, a.Org)
	if err != nil {
		return a, err
	}
	if before.Revision != a.Revision {
		return a, ErrChanged.At("body.revision", a.Revision).With("stands", before.Revision)
	}
	now := s.o.Now()
	a.Revision, a.By, a.At = a.Revision+1, auth.ActorOf(scope.Principal()), now.UnixNano()
	c := aboveContent{a.Prefix, a.URL, a.Since}
	row := aboveRow{Org: a.Org, Revision: a.Revision, Content: encode(c), Reason: a.Reason, Actor: encode(a.By), At: a.At}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		var was any
		if before.Revision > 0 {
			was = aboveContent{before.Prefix, before.URL, before.Since}
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "docking.above.set", audit.Object{Kind: "node", ID: a.Org.String(), Name: a.Prefix}, was, c))
	})
	switch err = store.Err(err); {
	case errors.Is(err, store.ErrConflict):
		return a, ErrChanged.At("body.revision", a.Revision-1).With("stands", a.Revision)
	case err != nil:
		return a, wrap("say whom to hand in to", err)
	}
	s.poke()
	return a, nil
}

// standing are those who hand in to somebody now. It is for the node's own work.
func (s *Service) standing(ctx context.Context) ([]Above, error) {
	var rows []aboveRow
	newest := s.o.DB.NewSelect().Model((*aboveRow)(nil)).ColumnExpr("MAX(revision)").ModelTableExpr("docking_above AS b").Where("b.org = a.org")
	if err := s.o.DB.NewSelect().Model(&rows).Where("a.revision = (?)", newest).OrderExpr("a.org").Scan(ctx); err != nil {
		return nil, wrap("list nodes above", err)
	}
	var out []Above
	for i := range rows {
		a, err := rows[i].above()
		if err != nil {
			return nil, err
		}
		if a.URL != "" {
			out = append(out, a)
		}
	}
	return out, nil
}
