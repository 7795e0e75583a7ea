package province

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/office/print"
)

type round struct {
	ID       uuid.UUID `json:"id"`
	Name     text.Text `json:"name"`
	State    string    `json:"state"`
	Takes    bool      `json:"takes"`
	Revision int64     `json:"revision"`
	Detail   struct {
		Checks []struct {
			ID string `json:"id"`
		} `json:"checks"`
	} `json:"detail"`
}

// rounds opens calls, lets firms apply, and takes those that are to be made public through review.
func (f *filler) rounds(ctx context.Context) error {
	officer := f.as(decides)
	there, err := All[round](ctx, officer.get, "/public/programme-rounds?org="+f.home.String())
	if err != nil {
		return err
	}
	for i := range f.p.Affairs.Rounds {
		x := &f.p.Affairs.Rounds[i]
		r := find(there, func(r *round) bool { return r.Name.Zh == x.Name.Zh })
		if r == nil {
			r = &round{}
			body := object{"org": f.home, "call": x.Call, "name": x.Name, "closes": f.on(x.Closes), "budget": fen(x.Budget), "fund": x.Fund, "year": f.year()}
			if err := officer.post(ctx, "/programme-rounds", body, r); err != nil {
				return err
			}
		}
		if err := officer.get(ctx, "/programme-rounds/"+r.ID.String(), r); err != nil {
			return err
		}
		if r.Takes {
			for j := range x.Applications {
				if err := f.application(ctx, x, r, &x.Applications[j]); err != nil {
					return fmt.Errorf("%s: %w", x.Applications[j].Firm, err)
				}
			}
		}
		if x.To == "published" {
			if err := f.publish(ctx, x, r); err != nil {
				return err
			}
		}
	}
	return nil
}

type file struct {
	ID       uuid.UUID `json:"id"`
	Title    string    `json:"title"`
	State    string    `json:"state"`
	Revision int64     `json:"revision"`
}

func (f *filler) application(ctx context.Context, x *Round, r *round, a *Application) error {
	rep, firm := f.as(firmLogin(a.Firm)), f.orgs[a.Firm]
	there, err := All[file](ctx, rep.get, "/cases?flow=call-"+x.Call+"&subject="+firm.String())
	if err != nil {
		return err
	}
	c := find(there, func(c *file) bool { return c.Title == a.Project })
	if c == nil {
		content := f.dated(a.Content, "begins", "ends")
		content["project"], content["summary"] = a.Project, a.Summary
		c = &file{}
		if err := rep.post(ctx, "/cases", object{"flow": "call-" + x.Call, "org": f.home, "subject": firm, "content": content}, c); err != nil {
			return err
		}
	}
	step := func(who *actor, action string, content object, papers ...object) error {
		body := object{"action": action, "basis": c.Revision, "content": content}
		if len(papers) > 0 {
			body["documents"] = papers
		}
		return who.post(ctx, "/cases/"+c.ID.String()+"/steps", body, c)
	}
	if a.To == "draft" {
		return nil
	}
	if c.State == "draft" {
		paper, err := f.paper(a.Project, print.Pair{Name: "内容", Value: a.Summary}, print.Pair{Name: "说明", Value: "不含单位名称"})
		if err != nil {
			return err
		}
		var handed struct {
			ID string `json:"id"`
		}
		if err := rep.hand(ctx, "/facts/documents?org="+firm.String(), "申报材料（演示）.pdf", paper, &handed); err != nil {
			return err
		}
		if err := step(rep, "submit", object{"truthful": true}, object{"kind": x.Paper, "id": handed.ID}); err != nil {
			return err
		}
	}
	if c.State != "submitted" || a.To == "submitted" {
		return nil
	}
	if a.To == "returned" {
		return step(f.as(checks), "return", object{"missing": a.Missing})
	}
	points := object{}
	for _, k := range r.Detail.Checks {
		points["check"+strings.ToUpper(k.ID[:1])+k.ID[1:]] = true
	}
	return step(f.as(checks), "check", points)
}

// publish takes a round from filing through review to publicity.
func (f *filler) publish(ctx context.Context, x *Round, r *round) error {
	officer, at := f.as(decides), "/programme-rounds/"+r.ID.String()
	act := func(what string, body object) error {
		body["basis"] = r.Revision
		if err := officer.post(ctx, at+"/"+what, body, nil); err != nil {
			return err
		}
		return officer.get(ctx, at, r)
	}
	if r.Takes {
		if err := act("closing", object{"reason": "申报已全部收齐（演示数据）"}); err != nil {
			return err
		}
	}
	if r.State == "open" {
		if err := act("draw", object{}); err != nil {
			return err
		}
	}
	if r.State == "drawn" {
		for i := range f.p.Experts {
			if err := f.judge(ctx, x, &f.p.Experts[i], i); err != nil {
				return err
			}
		}
		if err := act("ranking", object{}); err != nil {
			return err
		}
	}
	if r.State == "ranked" {
		return act("publicity", object{})
	}
	return nil
}

// judge hands in what an expert has still to score. Experts differ by a little, always in the same way.
func (f *filler) judge(ctx context.Context, x *Round, e *Expert, place int) error {
	type review struct {
		ID       uuid.UUID `json:"id"`
		Round    text.Text `json:"round"`
		Title    string    `json:"title"`
		State    string    `json:"state"`
		Revision int64     `json:"revision"`
		Criteria []struct {
			ID string `json:"id"`
		} `json:"criteria"`
	}
	reviews, err := All[review](ctx, f.as(e.Login).get, "/programme-reviews")
	if err != nil {
		return err
	}
	for _, v := range reviews {
		if v.State != "drawn" || v.Round.Zh != x.Name.Zh {
			continue
		}
		i := slices.IndexFunc(x.Applications, func(a Application) bool { return a.Project == v.Title })
		points := object{}
		for j, c := range v.Criteria {
			points[c.ID] = 75
			if i >= 0 && j < len(x.Applications[i].Points) {
				points[c.ID] = x.Applications[i].Points[j] + (place*5+j*3)%7 - 3
			}
		}
		if err := f.as(e.Login).post(ctx, "/programme-reviews/"+v.ID.String()+"/scores", object{"basis": v.Revision, "points": points, "opinion": "材料完整，成效有据（演示数据）", "submit": true}, nil); err != nil {
			return err
		}
	}
	return nil
}

// dated is content whose fields named are days counted from the first start.
func (f *filler) dated(content map[string]any, fields ...string) object {
	out := object{}
	for k, v := range content {
		out[k] = v
		if days, ok := whole(v); ok && slices.Contains(fields, k) {
			out[k] = f.on(days)
		}
	}
	return out
}

func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case uint64:
		return int(n), true
	}
	return 0, false
}
