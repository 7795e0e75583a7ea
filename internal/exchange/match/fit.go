package match

import (
	"fmt"
	"slices"
	"strings"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Side says what a part of a match means.
type Side string

// The sides. Neutral is for what one of the two did not say.
const (
	For     Side = "for"
	Neutral Side = "neutral"
	Against Side = "against"
	Blocks  Side = "blocks"
)

// Reason is one part of a match.
type Reason struct {
	Part   string    `json:"part" doc:"kind, words, trade, cases, budget, region, size, protocols, rating, way, conflict"`
	Side   Side      `json:"side" enum:"for,neutral,against,blocks"`
	Share  int64     `json:"share" doc:"0 to 1000: how well it fits"`
	Weight int64     `json:"weight" doc:"In ten-thousandths"`
	Points int64     `json:"points" doc:"share × weight / 1000; their sum is the score"`
	Text   text.Text `json:"text"`
}

// names turn codes into words.
type names struct {
	kinds  *Kinds
	trade  func(code string) text.Text
	weight *Weights
	rules  *Rules
}

// conflict tells why a pair must not be made; nil where nothing stands in the way.
func conflict(w *Want, s *Supply) *Reason {
	no := func(zh, en string) *Reason {
		return &Reason{Part: "conflict", Side: Blocks, Text: text.Text{Zh: zh, En: en}}
	}
	switch {
	case s.Provider != zeroID && s.Provider == w.Org || s.ProviderCode != "" && s.ProviderCode == w.Code:
		return no("供需双方是同一企业", "both are the same enterprise")
	case s.Provider != zeroID && slices.Contains(w.Related, s.Provider):
		return no("双方有隶属关系，须回避", "one of them owns the other; they keep away from each other")
	case s.Provider != zeroID && slices.Contains(w.Excluded, s.Provider):
		return no("需求方已声明不与该服务商合作", "the firm has said that it will not deal with this provider")
	case w.Code != "" && slices.Contains(s.Barred, w.Code):
		return no("服务商申报了与该企业的利害关系，须回避", "the provider has declared a conflict of interest with this enterprise")
	case !common(w.Ways, s.Ways):
		return &Reason{Part: "way", Side: Blocks, Text: text.Text{Zh: "对方不提供所需的合作方式", En: "it is not offered in the way of cooperating that is sought"}}
	}
	return nil
}

const purchase = "purchase"

// common tells whether a way that is sought is offered. Who says nothing means purchase.
func common(sought, offered []string) bool {
	if len(sought) == 0 {
		sought = []string{purchase}
	}
	if len(offered) == 0 {
		return slices.Contains(sought, purchase)
	}
	return slices.ContainsFunc(sought, func(x string) bool { return slices.Contains(offered, x) })
}

// shares are how well each part fits, 0 to 1000, in the order of Weights.all. words is the share of the words.
func (n *names) shares(w *Want, s *Supply, words int64) [9]int64 {
	return [9]int64{n.kindShare(w, s), words, tradeShare(w, s), caseShare(w, s), budgetShare(w, s), regionShare(w, s), sizeShare(w, s), protocolShare(w, s), ratingShare(s)}
}

func (n *names) total(shares [9]int64) (sum int64) {
	for i, weight := range n.weight.all() {
		sum += shares[i] * weight / 1000
	}
	return sum
}

func (n *names) kindShare(w *Want, s *Supply) int64 {
	if slices.Contains(s.Kinds, w.Kind) {
		return 1000
	}
	if len(s.Kinds) == 0 {
		return 200
	}
	if k, ok := n.kinds.Get(w.Kind); ok {
		for _, id := range s.Kinds {
			if o, known := n.kinds.Get(id); known && o.Scene == k.Scene {
				return 300
			}
		}
	}
	return 0
}

func tradeShare(w *Want, s *Supply) int64 {
	if w.Trade == "" || len(s.Trades) == 0 {
		return 500
	}
	best := int64(0)
	mine := digits(w.Trade)
	for _, t := range s.Trades {
		d := digits(t)
		switch {
		case d == "" && field.Section(division(w.Trade)) == t: // a whole section, such as C
			best = max(best, 700)
		case d == "":
		case len(d) > 2 && strings.HasPrefix(mine, d):
			return 1000
		case division(t) == division(w.Trade):
			best = max(best, 900)
		}
	}
	return best
}

func caseShare(w *Want, s *Supply) (best int64) {
	for i := range s.Cases {
		best = max(best, s.Cases[i].share(w))
	}
	return best
}

func (c *Case) share(w *Want) int64 {
	kind := slices.Contains(c.Kinds, w.Kind)
	trade := w.Trade != "" && division(c.Trade) == division(w.Trade)
	switch {
	case kind && trade:
		return 1000
	case kind:
		return 600
	case trade:
		return 400
	}
	return 100
}

func budgetShare(w *Want, s *Supply) int64 {
	if w.To == nil || s.From == nil {
		return 500
	}
	switch {
	case *s.From <= *w.To:
		return 1000
	case over(*s.From, *w.To) <= 20:
		return 400
	}
	return 0
}

// over is by how many percent, rounded up, a price is above a budget.
func over(price, budget int64) int64 {
	if budget <= 0 {
		return 1 << 30
	}
	d := price - budget
	if d > 1<<50 {
		return 1 << 30
	}
	return (d*100 + budget - 1) / budget
}

func regionShare(w *Want, s *Supply) int64 {
	if len(s.Regions) == 0 {
		return 700
	}
	if w.Region == "" {
		return 500
	}
	best := int64(0)
	for _, r := range s.Regions {
		switch {
		case city(r) == city(w.Region):
			return 1000
		case province(r) == province(w.Region) && strings.HasSuffix(r, "0000"):
			best = max(best, 1000)
		case province(r) == province(w.Region):
			best = max(best, 700)
		}
	}
	return best
}

func sizeShare(w *Want, s *Supply) int64 {
	switch {
	case w.Size == "" || w.Size == "unknown" || w.Size == "not-classed" || len(s.Sizes) == 0:
		return 500
	case slices.Contains(s.Sizes, w.Size):
		return 1000
	}
	return 0
}

func protocolShare(w *Want, s *Supply) int64 {
	if len(w.Protocols) == 0 || len(s.Protocols) == 0 {
		return 500
	}
	return 1000 * int64(len(both(w.Protocols, s.Protocols))) / int64(len(w.Protocols))
}

// both are the protocols and pieces of equipment that stand in two lists, as the first one writes them.
func both(a, b []string) (out []string) {
	for _, x := range a {
		if slices.ContainsFunc(b, func(y string) bool { return plain(x) == plain(y) }) {
			out = append(out, x)
		}
	}
	return out
}

func ratingShare(s *Supply) int64 {
	if s.Rating == nil {
		return 500
	}
	return *s.Rating * 10
}

// parts in the order of Weights.all.
var parts = [9]string{"kind", "words", "trade", "cases", "budget", "region", "size", "protocols", "rating"}

// explain says of every part in words what it means for a pair.
func (n *names) explain(w *Want, s *Supply, shares [9]int64) []Reason {
	weights := n.weight.all()
	out := make([]Reason, 0, len(parts)+1)
	for i, part := range parts {
		r := Reason{Part: part, Share: shares[i], Weight: weights[i], Points: shares[i] * weights[i] / 1000, Side: Neutral}
		switch {
		case shares[i] >= 700:
			r.Side = For
		case shares[i] < 400:
			r.Side = Against
		}
		r.Text, r.Side = n.words(part, w, s, shares[i], r.Side)
		out = append(out, r)
	}
	return out
}

func (n *names) words(part string, w *Want, s *Supply, share int64, side Side) (text.Text, Side) {
	say := func(zh, en string) (text.Text, Side) { return text.Text{Zh: zh, En: en}, side }
	switch part {
	case "kind":
		k := n.kinds.name(w.Kind)
		switch {
		case share == 1000:
			return say("覆盖需求“"+k.Zh+"”", "covers the need “"+k.En+"”")
		case share == 300:
			return say("不直接覆盖“"+k.Zh+"”，但同属一个场景", "does not cover “"+k.En+"” itself, but one of the same scene")
		case len(s.Kinds) == 0:
			return say("未说明解决哪类需求", "does not say which needs it meets")
		}
		return say("不覆盖“"+k.Zh+"”", "does not cover “"+k.En+"”")
	case "words":
		pct := share / 10
		switch {
		case share >= 400:
			side = For
			return say(fmt.Sprintf("描述用词高度吻合（%d%%）", pct), fmt.Sprintf("the words of both agree well (%d%%)", pct))
		case share >= 150:
			side = Neutral
			return say(fmt.Sprintf("描述用词部分吻合（%d%%）", pct), fmt.Sprintf("the words of both agree in part (%d%%)", pct))
		}
		return say(fmt.Sprintf("描述用词很少吻合（%d%%）", pct), fmt.Sprintf("few of the words agree (%d%%)", pct))
	case "trade":
		t := n.trade(w.Trade)
		switch {
		case w.Trade == "":
			return say("需求未填行业", "the need names no trade")
		case len(s.Trades) == 0:
			return say("未限定行业", "is for any trade")
		case share > 0:
			return say("服务"+t.Zh, "serves the trade "+t.En)
		}
		return say("未列出"+t.Zh, "does not list the trade "+t.En)
	case "cases":
		return n.caseWords(w, s, side)
	case "budget":
		return budgetWords(w, s, side)
	case "region":
		switch {
		case len(s.Regions) == 0:
			return say("服务全国", "serves the whole country")
		case w.Region == "":
			return say("需求未填地区", "the need names no region")
		case share == 1000:
			return say("服务贵地", "serves your city")
		case share > 0:
			return say("在本省有服务", "serves your province")
		}
		return say("服务地区不含贵地", "does not serve your region")
	case "size":
		switch {
		case share == 1000:
			return say("适合贵企业规模", "is meant for firms of your size")
		case share == 0:
			return say("面向其他规模的企业", "is meant for firms of another size")
		}
		return say("未限定企业规模", "says nothing of the size of firms")
	case "protocols":
		if len(w.Protocols) == 0 || len(s.Protocols) == 0 {
			return say("未填协议与设备", "protocols and equipment are not named on both sides")
		}
		got := both(w.Protocols, s.Protocols)
		if len(got) == 0 {
			return say("未列出所需协议与设备（"+strings.Join(w.Protocols, "、")+"）", "lists none of the protocols and equipment that you name ("+strings.Join(w.Protocols, ", ")+")")
		}
		return say("支持 "+strings.Join(got, "、"), "supports "+strings.Join(got, ", "))
	}
	if s.Rating == nil {
		return say("服务商尚无评价", "the provider has no rating yet")
	}
	st := text.Both(s.Standing)
	if x := n.rules.standing(*s.Rating); x != nil {
		st = x.Name
	}
	return say(fmt.Sprintf("服务商评价 %d 分（%s）", *s.Rating, st.Zh), fmt.Sprintf("the provider is rated %d (%s)", *s.Rating, st.En))
}

func (n *names) caseWords(w *Want, s *Supply, side Side) (text.Text, Side) {
	say := func(zh, en string) (text.Text, Side) { return text.Text{Zh: zh, En: en}, side }
	if len(s.Cases) == 0 {
		return say("没有案例", "shows no case")
	}
	best := slices.MaxFunc(s.Cases, func(a, b Case) int { // the latest of the best ones
		if x, y := a.share(w), b.share(w); x != y {
			return int(x - y)
		}
		if a.Year != b.Year {
			return int(a.Year - b.Year)
		}
		return strings.Compare(b.ID.String(), a.ID.String())
	})
	switch best.share(w) {
	case 1000:
		return say("同行业同类案例“"+best.Title+"”", "a case of the same kind in the same trade: “"+best.Title+"”")
	case 600:
		return say("其他行业的同类案例“"+best.Title+"”", "a case of the same kind in another trade: “"+best.Title+"”")
	case 400:
		return say("同行业的其他案例“"+best.Title+"”", "another case in the same trade: “"+best.Title+"”")
	}
	return say("案例与此需求无关", "its cases are of other kinds and trades")
}

func budgetWords(w *Want, s *Supply, side Side) (text.Text, Side) {
	say := func(zh, en string) (text.Text, Side) { return text.Text{Zh: zh, En: en}, side }
	switch {
	case w.To == nil:
		return say("需求未填预算", "the need names no budget")
	case s.From == nil:
		return say("未标价格", "names no price")
	case *s.From <= *w.To:
		return say("价格"+Money(*s.From).Zh+"起，在预算内", "from "+Money(*s.From).En+", within your budget")
	}
	by := Money(*s.From - *w.To)
	return say(fmt.Sprintf("价格%s起，超出预算%s（%d%%）", Money(*s.From).Zh, by.Zh, over(*s.From, *w.To)),
		fmt.Sprintf("from %s, outside your budget by %s (%d%%)", Money(*s.From).En, by.En, over(*s.From, *w.To)))
}

// Money writes an amount of fen in words, exactly: 12.5万元 / CNY 125,000.
func Money(fen int64) text.Text {
	yuan, rest := fen/100, fen%100
	if rest < 0 {
		rest = -rest
	}
	en := "CNY " + grouped(yuan)
	zh := grouped(yuan)
	if rest != 0 {
		en += fmt.Sprintf(".%02d", rest)
		zh += fmt.Sprintf(".%02d", rest)
	} else if yuan >= 10_000 && yuan%100 == 0 {
		zh = strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%s.%02d", grouped(yuan/10_000), yuan%10_000/100), "0"), ".") + "万"
	}
	return text.Text{Zh: zh + "元", En: en}
}

func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
