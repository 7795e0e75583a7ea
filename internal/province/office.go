package province

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/office/print"
)

// source of the facts of the province.
const source = "demonstration"

// facts enters facts of firms, with papers where their grade needs one.
func (f *filler) facts(ctx context.Context) error {
	for i := range f.p.Affairs.Facts {
		x := &f.p.Affairs.Facts[i]
		rep, firm := f.as(firmLogin(x.Firm)), f.orgs[x.Firm]
		content := f.dated(x.Content, "placed", "due", "signed", "ends", "begins", "issued", "expires", "paid")
		external := fmt.Sprintf("%s-%s-%02d", x.Firm, x.Kind, i+1)
		type view struct {
			ID uuid.UUID `json:"id"`
		}
		there, err := All[view](ctx, rep.get, "/facts?org="+firm.String()+"&kind="+x.Kind+"&source="+source+"&externalId="+external)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			continue
		}
		body := object{"org": firm, "kind": x.Kind, "source": source, "externalId": external, "grade": x.Grade, "content": content}
		if x.Grade != "E0" {
			paper, err := f.paper("佐证材料（演示）", print.Pair{Name: "单位", Value: f.p.firm(x.Firm).Name.Zh}, print.Pair{Name: "种类", Value: x.Kind}, print.Pair{Name: "编号", Value: external})
			if err != nil {
				return err
			}
			var handed struct {
				ID string `json:"id"`
			}
			if err := rep.hand(ctx, "/facts/documents?org="+firm.String(), "佐证材料（演示）.pdf", paper, &handed); err != nil {
				return err
			}
			evidence := object{"document": handed.ID}
			if x.Grade == "E2" {
				evidence["by"] = "示例第三方机构（演示）"
			}
			body["documents"], body["evidence"] = []string{handed.ID}, evidence
		}
		if err := rep.post(ctx, "/facts", body, nil); err != nil {
			return fmt.Errorf("%s: %w", external, err)
		}
	}
	return nil
}

// tasks takes the task ledger over, and reports on those that are under way.
func (f *filler) tasks(ctx context.Context) error {
	officer := f.as(decides)
	if err := officer.post(ctx, "/registers/tasks/adopt?org="+f.home.String(), nil, nil); err != nil {
		return err
	}
	for _, x := range f.p.Affairs.Tasks {
		e, err := f.keyed(ctx, "tasks", x.ID)
		if err != nil {
			return err
		}
		if e == nil {
			return fmt.Errorf("there is no task %s", x.ID)
		}
		at := "/register-entries/" + e.ID.String()
		move := func(transition, reason string) error {
			return officer.post(ctx, at+"/transitions", object{"transition": transition, "basis": e.Revision, "reason": reason}, e)
		}
		if e.State == "open" {
			if err := move("start", ""); err != nil {
				return err
			}
		}
		type revision struct {
			Reason string `json:"reason"`
		}
		past, err := All[revision](ctx, officer.get, at+"/revisions")
		if err != nil {
			return err
		}
		said := func(words string) bool { return find(past, func(r *revision) bool { return r.Reason == words }) != nil }
		for _, words := range x.Reports {
			if e.State == "running" && !said(words) {
				if err := move("report", words); err != nil {
					return err
				}
			}
		}
		if x.Done != "" && e.State == "running" && !said(x.Done) {
			if err := move("finish", x.Done); err != nil {
				return err
			}
		}
	}
	return nil
}
