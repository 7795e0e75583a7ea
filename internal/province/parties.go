package province

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/google/uuid"

	"jingwei/internal/office/print"
)

// people makes who works for the platform, and the institutes.
func (f *filler) people(ctx context.Context) error {
	for _, o := range f.p.Officers {
		if err := f.node.Person(ctx, o.Login, o.Name, f.home, o.Role); err != nil {
			return err
		}
	}
	for _, i := range f.p.Institutes {
		id, err := f.node.Found(ctx, i.Name, i.Code)
		if err != nil {
			return err
		}
		f.orgs[i.Key] = id
	}
	for _, e := range f.p.Experts {
		if err := f.node.Person(ctx, e.Login, e.Name, f.orgs[e.Of], "operator"); err != nil {
			return err
		}
	}
	return nil
}

// firms lets every firm join, and the platform give it its tags.
func (f *filler) firms(ctx context.Context) error {
	for i := range f.p.Firms {
		x := &f.p.Firms[i]
		if err := f.join(ctx, x); err != nil {
			return fmt.Errorf("%s: %w", x.Key, err)
		}
		if x.Door != "" {
			continue
		}
		id, ok, err := f.node.Org(ctx, x.Code)
		if err != nil || !ok {
			return errors.Join(err, fmt.Errorf("%s has not joined", x.Key))
		}
		f.orgs[x.Key] = id
		if err := f.describe(ctx, x); err != nil {
			return fmt.Errorf("%s: %w", x.Key, err)
		}
		if x.Shown {
			if err := f.node.Show(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

type joining struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Revision int64  `json:"revision"`
}

// join takes an application to where it is to be: approved, or still at the door.
func (f *filler) join(ctx context.Context, x *Firm) error {
	if _, ok, err := f.node.Org(ctx, x.Code); err != nil || ok {
		return err
	}
	if err := f.node.Person(ctx, firmLogin(x.Key), x.Rep, uuid.Nil, ""); err != nil {
		return err
	}
	rep, officer := f.as(firmLogin(x.Key)), f.as(decides)
	mine, err := All[joining](ctx, rep.get, "/join/applications")
	if err != nil {
		return err
	}
	var a joining
	if len(mine) > 0 {
		a = mine[0]
	} else if err := rep.post(ctx, "/join/applications", nil, &a); err != nil {
		return err
	}
	if a.State == "draft" {
		content := object{
			"creditCode": x.Code, "name": x.Name.Zh, "nameEn": x.Name.En, "industry": x.Industry, "region": x.Region, "figuresYear": f.year() - 1, "employees": x.Employees,
			"revenue": fen(x.Revenue * 1000), "assets": fen(x.Assets * 1000), "contact": x.Rep, "phone": "00000000000", "until": f.on(700),
		}
		if err := rep.do(ctx, "PATCH", "/join/applications/"+a.ID, object{"content": content}, nil); err != nil {
			return err
		}
		letter, err := f.paper("授权书（演示）", print.Pair{Name: "授权单位", Value: x.Name.Zh}, print.Pair{Name: "被授权人", Value: x.Rep}, print.Pair{Name: "事项", Value: "在平台代表本单位办理业务"}, print.Pair{Name: "有效期至", Value: f.on(700)})
		if err != nil {
			return err
		}
		if err := rep.hand(ctx, "/join/letters?application="+url.QueryEscape(a.ID), "授权书（演示）.pdf", letter, nil); err != nil {
			return err
		}
		if err := rep.post(ctx, "/join/applications/"+a.ID+"/submission", nil, &a); err != nil {
			return err
		}
	}
	if a.State != "submitted" || x.Door == "submitted" {
		return nil
	}
	decision := object{"basis": a.Revision, "decision": "approve", "reason": "材料齐全（演示数据）"}
	if x.Door == "returned" {
		decision["decision"], decision["reason"] = "return", x.Reason
	}
	return officer.post(ctx, "/join/applications/"+a.ID+"/decisions", decision, nil)
}

// entry of a register.
type entry struct {
	ID       uuid.UUID `json:"id"`
	State    string    `json:"state"`
	Revision int64     `json:"revision"`
	Content  object    `json:"content"`
}

// keyed finds the entry of a key in a register of the platform; nil where there is none.
func (f *filler) keyed(ctx context.Context, register, key string) (*entry, error) {
	list, err := All[entry](ctx, f.as(decides).get, "/registers/"+register+"/entries?org="+f.home.String()+"&key="+url.QueryEscape(key))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// describe enters what the platform knows of a firm: tags, park, and that it is above the size that statistics count.
func (f *filler) describe(ctx context.Context, x *Firm) error {
	e, err := f.keyed(ctx, "enterprises", x.Code)
	if err != nil || e == nil {
		return errors.Join(err, missing(e == nil, "the firm is not in the register"))
	}
	if _, ok := e.Content["designated"]; ok {
		return nil
	}
	delete(e.Content, "sizeClass") // worked out
	e.Content["designated"] = x.Revenue >= 20_000
	if x.Park {
		e.Content["cluster"] = f.p.Park
	}
	var tags []object
	for _, t := range x.Tags {
		tags = append(tags, object{"tag": t.Tag, "from": f.on(-t.Days), "reason": t.Reason})
	}
	if len(tags) > 0 {
		e.Content["tags"] = tags
	}
	return f.as(decides).post(ctx, "/register-entries/"+e.ID.String()+"/revisions", object{"basis": e.Revision, "content": e.Content, "reason": "登记称号与园区（演示数据）"}, nil)
}

func missing(is bool, what string) error {
	if is {
		return errors.New(what)
	}
	return nil
}

// experts enters them into the pool.
func (f *filler) experts(ctx context.Context) error {
	for _, x := range f.p.Experts {
		if e, err := f.keyed(ctx, "experts", x.Login); err != nil || e != nil {
			if err != nil {
				return err
			}
			continue
		}
		at := f.p.institute(x.Of)
		content := object{"code": x.Login, "name": x.Name, "employer": at.Name.Zh, "employerCode": at.Code, "org": f.orgs[x.Of], "title": x.Title, "account": x.Login, "fieldsOfWork": rows("field", x.Fields), "trades": rows("industry", x.Trades)}
		if err := f.as(decides).post(ctx, "/registers/experts/entries", object{"org": f.home, "state": "active", "content": content}, nil); err != nil {
			return err
		}
	}
	return nil
}

// rows are a list of one field each.
func rows(key string, values []string) []object {
	out := []object{}
	for _, v := range values {
		out = append(out, object{key: v})
	}
	return out
}
