package programme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

// Step is called in the transaction of each step of a case that follows from a call: it refuses what the call does not allow, and
// writes what the step entails.
func (s *Service) Step(ctx context.Context, tx bun.Tx, f *flow.Flow, c *flow.Case, st *flow.Step) error {
	id, ours := strings.CutPrefix(f.ID, FlowPrefix)
	if !ours {
		return nil
	}
	call, err := s.version(ctx, tx, id, f.Version)
	if errors.Is(err, store.ErrNotFound) {
		return nil // a flow that somebody else has named so
	}
	if err != nil {
		return err
	}
	if st.Transition == "start" {
		return s.begin(ctx, tx, call, c, st)
	}
	row, err := s.file(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	r, err := s.round(ctx, tx, row.Round)
	if err != nil {
		return err
	}
	if err := s.entails(ctx, tx, call, r, row, c, st); err != nil {
		return err
	}
	row.State, row.Title, row.At, row.Revision = c.State, c.Title, c.At, c.Revision
	row.Content, row.Documents = string(c.Record.Encode()), encode(c.Documents)
	switch c.State {
	case Rejected, Retracted, Lapsed:
		row.Same = row.CaseID.String()
	}
	if err := s.freed(ctx, tx, row, c, st); err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(row).WherePK().Exec(ctx); err != nil {
		if errors.Is(store.Err(err), store.ErrConflict) {
			return ErrDuplicate.At("body.content.project", c.Record["project"]).Because(err)
		}
		return wrap("write an application", err)
	}
	if st.Transition == "" || st.Transition == "save" {
		return nil
	}
	body := map[string]any{"transition": st.Transition, "from": st.From, "to": st.To}
	for i := range f.Transitions {
		if f.Transitions[i].ID == st.Transition {
			body["name"] = f.Transitions[i].Name
		}
	}
	if !st.Confidential && st.Reason != "" {
		body["reason"] = st.Reason
	}
	for _, key := range []string{"missing", "finding", "opinion", "report"} {
		if v, ok := st.Content[key].(string); ok {
			body[key] = v
		}
	}
	by := st.By
	if st.Confidential {
		by.ID, by.Name = "", ""
	}
	return s.note(ctx, tx, row, r, "step", body, by, c.At)
}

// begin ties a new case to the round that takes applications.
func (s *Service) begin(ctx context.Context, tx bun.Tx, call *Call, c *flow.Case, _ *flow.Step) error {
	r, err := s.openRound(ctx, tx, c.Org, call.ID, c.At)
	if errors.Is(err, store.ErrNotFound) {
		return ErrClosed.At("body.flow", FlowPrefix+call.ID).With("call", call.Name)
	}
	if err != nil {
		return err
	}
	row := fileRow{CaseID: c.ID, Round: r.ID, Org: c.Org, Subject: c.Subject, Call: call.ID, Same: c.ID.String(), Title: c.Title, State: c.State, Content: string(c.Record.Encode()), Documents: encode(c.Documents), At: c.At, Revision: c.Revision}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return wrap("write an application", err)
}

// entails is what a step brings about, besides the new state.
func (s *Service) entails(ctx context.Context, tx bun.Tx, call *Call, r *roundRow, row *fileRow, c *flow.Case, st *flow.Step) error {
	switch st.Transition {
	case "submit":
		return s.submitted(ctx, tx, call, r, row, c)
	case "complete":
		row.Receipt = receipt(c)
		return nil
	case "check":
		if r.State != RoundOpen {
			return ErrState.At("body.action", st.Action).With("state", roundNames[r.State]).With("needs", text.Text{Zh: "批次尚未抽取专家", En: "a round whose experts were not drawn yet"})
		}
		return nil
	case "propose":
		return s.proposed(ctx, tx, row, c)
	case "reject":
		return s.notChosen(ctx, tx, r, row)
	case "award":
		return s.granted(ctx, tx, call, r, row, c, st)
	case "uphold":
		return s.dropped(ctx, tx, row)
	case "withdraw":
		return s.dropped(ctx, tx, row)
	case "accept":
		return s.accepted(ctx, tx, call, row, c)
	case "fail":
		return s.ended(ctx, tx, call, row, c, Failed, st)
	case "give-up":
		return s.ended(ctx, tx, call, row, c, Ended, st)
	}
	return nil
}

// submitted checks that the call is open to the applicant, that the project was not filed before, and gives the receipt.
func (s *Service) submitted(ctx context.Context, tx bun.Tx, call *Call, r *roundRow, row *fileRow, c *flow.Case) error {
	if !r.takes(c.At) {
		return ErrClosed.At("body.action", "submit").With("call", call.Name)
	}
	p, registered, err := s.o.Parties.Profile(ctx, c.Subject, field.DateOf(c.At))
	if err != nil {
		return err
	}
	if whole, list := call.May(p, registered); whole == no {
		var zh, en []string
		for _, x := range list {
			if x.Holds == no {
				zh, en = append(zh, x.Text.Zh), append(en, x.Text.En)
			}
		}
		return ErrEligible.At("body.action", "submit").With("conditions", text.Text{Zh: strings.Join(zh, "；"), En: strings.Join(en, "; ")})
	}
	row.Same = same(c.Record)
	n, err := tx.NewSelect().Model((*fileRow)(nil)).Where("f.call = ? AND f.same = ? AND f.case_id <> ?", row.Call, row.Same, row.CaseID).Count(ctx)
	if err != nil {
		return wrap("look for the same project", err)
	}
	if n > 0 {
		return ErrDuplicate.At("body.content.project", c.Record["project"])
	}
	row.Filed, row.Receipt = c.At, receipt(c)
	return s.claim(ctx, tx, call, row, c)
}

// same is a project as others would file it: 项目 A and 项目a are one.
func same(r field.Record) string {
	name, _ := r["project"].(string)
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(strings.Fields(name), ""))))
	return hex.EncodeToString(sum[:])
}

// receipt is the SHA-256 of what was filed: content and the ids of the papers.
func receipt(c *flow.Case) string {
	sum := sha256.Sum256(append(c.Record.Encode(), encode(c.Documents)...))
	return hex.EncodeToString(sum[:])
}

// dropped takes an award off that was proposed.
func (s *Service) dropped(ctx context.Context, tx bun.Tx, row *fileRow) error {
	_, err := tx.NewUpdate().Model((*awardRow)(nil)).Set("state = 'dropped'").Set("revision = revision + 1").Where("case_id = ?", row.CaseID).Exec(ctx)
	return wrap("drop an award", err)
}

var _ flow.Gate = (*Service)(nil)
