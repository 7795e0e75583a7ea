package region

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"jingwei/internal/office/flow/workday"
	"jingwei/internal/province"
	"jingwei/internal/province/history"
)

// ago is a day so many days before the first start.
func (f *filler) ago(days int) workday.Day { return f.day - workday.Day(days) }

// entry of a register.
type entry struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Content  object `json:"content"`
}

// keeper is who keeps the registers of a node.
type keeper struct {
	*Client
	org string
}

func (f *filler) keeper(ctx context.Context, node string) (*keeper, error) {
	c, err := f.client(node, "")
	if err != nil {
		return nil, err
	}
	id, err := c.org(ctx)
	return &keeper{c, id}, err
}

// find is the entry of a key; nil where there is none.
func (k *keeper) find(ctx context.Context, register, key string) (*entry, error) {
	list, err := province.All[entry](ctx, k.Client.get, "/registers/"+register+"/entries?org="+k.org+"&key="+url.QueryEscape(key))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// add enters what is not there yet.
func (k *keeper) add(ctx context.Context, register, key string, body object) error {
	there, err := k.find(ctx, register, key)
	if err != nil || there != nil {
		return err
	}
	body["org"] = k.org
	if err := k.post(ctx, "/registers/"+register+"/entries", body, nil); err != nil {
		return fmt.Errorf("%s %s: %w", register, key, err)
	}
	return nil
}

// registers enters the enterprises where they are and were, and what the keepers list beside them.
func (f *filler) registers(ctx context.Context) error {
	keepers := map[string]*keeper{}
	for key := range f.Nodes {
		k, err := f.keeper(ctx, key)
		if err != nil {
			return err
		}
		keepers[key] = k
	}
	for i := range f.Region.Enterprises {
		e := &f.Region.Enterprises[i]
		places := e.Places
		if home := f.Region.Home(e.Firm); f.Region.Node(home).Firm == e.Firm { // its own master data
			places = append([]Place{{Node: home}}, places...)
		}
		for _, p := range places {
			if err := f.list(ctx, keepers[p.Node], e, p); err != nil {
				return err
			}
		}
		if err := f.moved(ctx, keepers[Province], e); err != nil {
			return err
		}
	}
	for _, d := range f.Region.Declarations {
		var list []history.Fact
		for year := f.day.Year() - history.Years; year < f.day.Year(); year++ {
			y := strconv.Itoa(year)
			list = append(list, history.Fact{Kind: "declaration", ID: d.Item + "/" + y, Fields: [][2]string{{"item", d.Item}, {"begins", y + "-01-01"}, {"ends", y + "-12-31"}, {"value", d.Value}, {"unit", d.Unit}}})
		}
		if err := f.enter(ctx, keepers[d.Node].Client, keepers[d.Node].org, list); err != nil {
			return err
		}
	}
	for register, list := range map[string][]Listed{"recognitions": f.Region.Recognitions, "facilities": f.Region.Facilities, "events": f.Region.Events} {
		for i, x := range list {
			for n := range max(x.Every, 1) {
				key := fmt.Sprintf("%s-%s-%d-%d", x.Node, x.Kind, i+1, n+1)
				for _, node := range f.keeping(&x) {
					if err := keepers[node].add(ctx, register, key, f.listed(register, key, &x, n)); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// keeping are the nodes whose registers hold an entry: its own, and that on which the enterprise that it is about keeps its data.
func (f *filler) keeping(x *Listed) []string {
	home := f.Region.Home(x.Firm)
	if x.Firm == "" || home == "" || home == x.Node {
		return []string{x.Node}
	}
	return []string{x.Node, home}
}

// list enters an enterprise into the register of a city or a park, for as long as it is there.
func (f *filler) list(ctx context.Context, k *keeper, e *Enterprise, p Place) error {
	x := f.Region.firm(e.Firm)
	content := object{
		"creditCode": x.Code, "name": x.Name.Zh, "nameEn": x.Name.En, "industry": x.Industry, "region": x.Region, "figuresYear": f.day.Year() - 1,
		"employees": x.Employees, "revenue": x.Revenue * 1000 * 100, "assets": x.Assets * 1000 * 100, "designated": x.Revenue >= 20_000,
	}
	if e.Moved != nil {
		content["places"] = f.places(e)
		if p.Since == e.Moved.Days {
			content["region"] = e.Moved.Division
		}
	}
	if f.Region.Home(e.Firm) == p.Node {
		content["org"] = f.orgs[e.Firm]
	}
	if f.inPark(e, p) {
		content["cluster"] = f.Region.Province.Park
	}
	var tags []object
	for _, t := range x.Tags {
		tags = append(tags, object{"tag": t.Tag, "from": f.ago(t.Days).String(), "reason": t.Reason})
	}
	if len(tags) > 0 {
		content["tags"] = tags
	}
	body := object{"content": content, "state": "active"}
	if p.Since > 0 {
		body["since"] = f.ago(p.Since).String()
	}
	if p.Until > 0 {
		body["until"] = (f.ago(p.Until) - 1).String()
	}
	return k.add(ctx, "enterprises", x.Code, body)
}

// inPark tells whether an enterprise is in the park while it is in a place.
func (f *filler) inPark(e *Enterprise, p Place) bool {
	for _, q := range e.Places {
		if n := f.Region.Node(q.Node); string(n.Kind) == "park" && q.Since == p.Since && q.Until == p.Until {
			return true
		}
	}
	return false
}

// moved tells the province's register where an enterprise is now, and since when. It joined from where it was before.
func (f *filler) moved(ctx context.Context, k *keeper, e *Enterprise) error {
	if e.Moved == nil {
		return nil
	}
	x := f.Region.firm(e.Firm)
	there, err := k.find(ctx, "enterprises", x.Code)
	if err != nil {
		return err
	}
	if there == nil {
		return errors.New(e.Firm + " is not in the province's register")
	}
	if there.Content["region"] == e.Moved.Division {
		return nil
	}
	delete(there.Content, "sizeClass") // worked out
	there.Content["places"] = f.places(e)
	there.Content["region"], there.Content["cluster"] = e.Moved.Division, f.Region.Province.Park
	return k.do(ctx, http.MethodPost, "/register-entries/"+there.ID+"/revisions", object{"basis": there.Revision, "content": there.Content, "reason": "企业迁址（演示数据）"}, nil)
}

// places are where an enterprise that moved was, by dates.
func (f *filler) places(e *Enterprise) []object {
	on := f.ago(e.Moved.Days)
	return []object{
		{"region": f.Region.firm(e.Firm).Region, "to": (on - 1).String(), "reason": "入册时所在地（演示）"},
		{"region": e.Moved.Division, "cluster": f.Region.Province.Park, "from": on.String(), "reason": "迁入园区（演示）"},
	}
}

// listed is an entry of a keeper, n years before its day.
func (f *filler) listed(register, key string, x *Listed, n int) object {
	on := f.ago(x.On).AddMonths(-12 * n)
	holder, code := f.Region.Province.Platform.Zh, ""
	if node := f.Region.Node(x.Node); node != nil {
		holder, code = node.Name.Zh, node.Code
	}
	by := holder
	if x.Firm != "" {
		firm := f.Region.firm(x.Firm)
		holder, code = firm.Name.Zh, firm.Code
	}
	content := object{"kind": x.Kind}
	set := func(field, v string) {
		if v != "" {
			content[field] = v
		}
	}
	state := "valid"
	switch register {
	case "recognitions":
		set("number", key)
		set("object", holder)
		set("holder", holder)
		set("holderCode", code)
		set("awarded", on.String())
		set("by", by)
	case "facilities":
		state = "operating"
		set("code", key)
		set("label", x.Label)
		set("operator", holder)
		set("operatorCode", code)
		set("division", x.Division)
		set("launched", on.String())
	default:
		state = "done"
		set("code", key)
		set("label", strconv.Itoa(on.Year())+" 年"+x.Label)
		set("day", on.String())
		set("trade", x.Trade)
		set("organiser", by)
	}
	return object{"content": content, "state": state, "since": on.String()}
}
