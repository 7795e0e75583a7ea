package province

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

type checkup struct {
	ID    uuid.UUID `json:"id"`
	State string    `json:"state"`
}

type question struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Choices []struct {
		ID        string `json:"id"`
		Exclusive bool   `json:"exclusive"`
	} `json:"choices"`
}

// checkups calls firms to the campaign, and lets every firm with a level answer, hand in, and do what follows.
func (f *filler) checkups(ctx context.Context) error {
	c := &f.p.Affairs.Checkups
	campaign, err := f.campaign(ctx)
	if err != nil {
		return err
	}
	for i := range f.p.Firms {
		x := &f.p.Firms[i]
		begun := c.Begun.Firm == x.Key
		if x.Level == nil && !begun {
			continue
		}
		called := ""
		if slices.Contains(c.Campaign.Firms, x.Key) {
			called = campaign
		}
		if err := f.checkup(ctx, x, i, called, begun); err != nil {
			return fmt.Errorf("%s: %w", x.Key, err)
		}
	}
	return nil
}

// campaign is the one that is open.
func (f *filler) campaign(ctx context.Context) (string, error) {
	c := &f.p.Affairs.Checkups.Campaign
	type view struct {
		ID   string `json:"id"`
		Name struct {
			Zh string `json:"zh"`
		} `json:"name"`
	}
	there, err := All[view](ctx, f.as(decides).get, "/checkup-campaigns?org="+f.home.String())
	if err != nil {
		return "", err
	}
	if v := find(there, func(v *view) bool { return v.Name.Zh == c.Name.Zh }); v != nil {
		return v.ID, nil
	}
	var codes []string
	for _, key := range c.Firms {
		codes = append(codes, f.p.firm(key).Code)
	}
	var v view
	err = f.as(decides).post(ctx, "/checkup-campaigns", object{"org": f.home, "name": c.Name, "instrument": f.p.Affairs.Checkups.Instrument, "note": c.Note, "until": f.on(c.Closes), "firms": codes}, &v)
	return v.ID, err
}

func (f *filler) checkup(ctx context.Context, x *Firm, place int, campaign string, begun bool) error {
	c := &f.p.Affairs.Checkups
	rep, id := f.as(firmLogin(x.Key)), f.orgs[x.Key]
	there, err := All[checkup](ctx, rep.get, "/checkups?org="+id.String())
	if err != nil {
		return err
	}
	var mine checkup
	if live := find(there, func(c *checkup) bool { return c.State != "withdrawn" }); live != nil {
		mine = *live
	} else {
		body := object{"org": id, "instrument": c.Instrument}
		if campaign != "" {
			body["campaign"] = campaign
		}
		if err := rep.post(ctx, "/checkups", body, &mine); err != nil {
			return err
		}
	}
	if mine.State == "open" {
		if err := f.answer(ctx, rep, mine.ID, x, place, begun); err != nil || begun {
			return err
		}
		if err := rep.post(ctx, "/checkups/"+mine.ID.String()+"/submission", nil, nil); err != nil {
			return err
		}
	}
	if err := rep.do(ctx, "PUT", "/orgs/"+id.String()+"/benchmark-consent", object{"agreed": true}, nil); err != nil {
		return err
	}
	if x.Checked {
		if err := f.checked(ctx, rep, mine.ID, id); err != nil {
			return err
		}
	}
	if slices.Contains(c.Gaps.Firms, x.Key) {
		return rep.post(ctx, "/checkups/"+mine.ID.String()+"/needs", object{"questions": c.Gaps.Questions}, nil)
	}
	return nil
}

// answer answers what is not answered yet, by the firm's level; a check-up that is only begun, its first questions.
func (f *filler) answer(ctx context.Context, rep *actor, id uuid.UUID, x *Firm, place int, begun bool) error {
	var now struct {
		Form struct {
			Questions []question `json:"questions"`
		} `json:"form"`
		Answers []struct {
			Question string `json:"question"`
		} `json:"answers"`
	}
	if err := rep.get(ctx, "/checkups/"+id.String(), &now); err != nil {
		return err
	}
	said := map[string]bool{}
	for _, a := range now.Answers {
		said[a.Question] = true
	}
	level := 1
	if x.Level != nil {
		level = *x.Level
	}
	for i, q := range now.Form.Questions {
		if begun && i >= f.p.Affairs.Checkups.Begun.Questions {
			return nil
		}
		if said[q.ID] {
			continue
		}
		if err := rep.do(ctx, "PUT", "/checkups/"+id.String()+"/answers/"+q.ID, object{"basis": 0, "answer": q.at(level, place*7+i*3)}, nil); err != nil {
			return fmt.Errorf("%s: %w", q.ID, err)
		}
	}
	return nil
}

// at is the answer of a firm of a level, 0 to 3. turn makes neighbours differ, always in the same way.
func (q *question) at(level, turn int) object {
	level = max(0, level+turn%3-1)
	switch q.Kind {
	case "percentage", "number":
		return object{"number": strconv.Itoa(min(95, 6+level*22+turn%11))}
	case "multi":
		var some []string
		for _, c := range q.Choices {
			if c.Exclusive {
				continue
			}
			if len(some) <= level*(len(q.Choices)-1)/4 {
				some = append(some, c.ID)
			}
		}
		return object{"choices": some}
	}
	return object{"choice": q.Choices[min(level, len(q.Choices)-1)].ID}
}

// checked lets an expert of another organisation confirm answers.
func (f *filler) checked(ctx context.Context, rep *actor, id, firm uuid.UUID) error {
	c := &f.p.Affairs.Checkups.Expert
	type view struct {
		ID      uuid.UUID `json:"id"`
		Checkup uuid.UUID `json:"checkup"`
		State   string    `json:"state"`
	}
	there, err := All[view](ctx, rep.get, "/expert-checks?org="+firm.String())
	if err != nil {
		return err
	}
	var mine view
	if v := find(there, func(v *view) bool { return v.Checkup == id }); v != nil {
		mine = *v
	} else if err := rep.post(ctx, "/checkups/"+id.String()+"/experts", object{"by": firm, "expert": f.p.institute(c.Institute).Code, "person": c.Login, "due": f.on(20)}, &mine); err != nil {
		return err
	}
	expert, at := f.as(c.Login), "/expert-checks/"+mine.ID.String()
	if mine.State == "asked" {
		if err := expert.post(ctx, at+"/declaration", object{"conflict": false}, &mine); err != nil {
			return err
		}
	}
	if mine.State != "accepted" {
		return nil
	}
	var desk struct {
		Verdicts []struct {
			Question string `json:"question"`
		} `json:"verdicts"`
	}
	if err := expert.get(ctx, at, &desk); err != nil {
		return err
	}
	judged := map[string]bool{}
	for _, v := range desk.Verdicts {
		judged[v.Question] = true
	}
	for _, q := range c.Confirms {
		if judged[q] {
			continue
		}
		if err := expert.do(ctx, "PUT", at+"/verdicts/"+q, object{"basis": 0, "verdict": "confirmed"}, nil); err != nil {
			return err
		}
	}
	return expert.post(ctx, at+"/completion", object{"note": c.Note}, nil)
}
