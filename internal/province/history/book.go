package history

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"jingwei/internal/office/flow/workday"
)

// Firm is what is said of an enterprise, all of it invented: its books take their sums and shares from here. Shares are per mille.
type Firm struct {
	Key       string
	Name      string
	Revenue   int64 // fen, of the year before the day
	Employees int64 // on average of that year

	Growth       int64    `yaml:"growth"`       // of revenue, a year
	Cost         int64    `yaml:"cost"`         // of goods sold, of revenue
	Value        int64    `yaml:"value"`        // added, of revenue
	Purchases    int64    `yaml:"purchases"`    // of revenue
	OtherEnergy  int64    `yaml:"otherEnergy"`  // of the energy of the electricity
	Stock        int64    `yaml:"stock"`        // days of cost that lie in store, in the year before the day
	StockLess    int64    `yaml:"stockLess"`    // days fewer, a year
	OnlineSold   int64    `yaml:"onlineSold"`   // of sales, in the year before the day
	OnlineBought int64    `yaml:"onlineBought"` // of purchases
	OnlineMore   int64    `yaml:"onlineMore"`   // of both, a year
	Goods        []string `yaml:"goods"`        // that it sells
	Materials    []string `yaml:"materials"`    // that it buys
	Processes    []Work   `yaml:"processes"`    // and what stands in them
	Systems      []System `yaml:"systems"`      // that it uses
	Products     []string `yaml:"products"`     // that it developed, one after another
	Cycle        int64    `yaml:"cycle"`        // days from approval to first batch, in the year before the day
	CycleLess    int64    `yaml:"cycleLess"`    // days fewer, a year
	Trained      int64    `yaml:"trained"`      // persons a year
	Networked    int64    `yaml:"networked"`    // of its machines, before this plant was on a node
	Innovation   int64    `yaml:"innovation"`   // active projects of dual innovation; 0: none
	Software     int64    `yaml:"software"`     // revenue of software and services, of revenue; 0: none
	Effect       bool     `yaml:"effect"`       // it was transformed in the year before the day, and reports what came of it
	Certificates []string `yaml:"certificates"` // schemes
}

// Work is a process with its machines.
type Work struct {
	Process    string `yaml:"process"`
	Label      string `yaml:"label"`
	Key        bool   `yaml:"key"`
	Machines   int64  `yaml:"machines"`
	Digital    int64  `yaml:"digital"` // of these
	Controller string `yaml:"controller"`
}

// System that an enterprise uses.
type System struct {
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	Since     int    `yaml:"since"` // months before the day
	Users     int64  `yaml:"users"`
	Supplier  string `yaml:"supplier"`
	Catalogue bool   `yaml:"catalogue"`
}

// Party is whom an enterprise trades with.
type Party struct{ Name, Code string }

// Years that books go back; the last is the one before the day.
const Years = 3

// Baseline is the year before all others of which books tell what policies measure changes against.
const Baseline = 2015

// book is an enterprise's books as they are written.
type book struct {
	l       *Library
	f       *Firm
	mains   []*Machine
	parties []Party
	today   workday.Day
	base    int // the year before the day
	months  []month
	facts   []Fact
}

// month of a year, with what the main meters used in it.
type month struct {
	year, number int
	first, last  workday.Day
	used         int64 // hundredths of a kWh
	revenue      int64 // fen
	cost         int64
	bought       int64
}

// Book writes the books of an enterprise up to the day before today: the facts of the last Years and of the current one.
func (l *Library) Book(f *Firm, mains []*Machine, parties []Party, today workday.Day) ([]Fact, error) {
	b := &book{l: l, f: f, mains: mains, parties: parties, today: today, base: today.Year() - 1}
	if len(mains) == 0 {
		return nil, fmt.Errorf("%s has no main meter", f.Key)
	}
	if err := b.count(); err != nil {
		return nil, err
	}
	b.declare()
	if err := b.baseline(); err != nil {
		return nil, err
	}
	b.orders()
	b.works()
	return b.facts, nil
}

// share is n·part/of, rounded down; n, part and of are not negative.
func share(n, part, of int64) int64 {
	x := new(big.Int).Mul(big.NewInt(n), big.NewInt(part))
	return x.Div(x, big.NewInt(of)).Int64()
}

const mille = 1000

// grown is what is n in the base year, in another.
func (b *book) grown(n int64, year int) int64 {
	for y := b.base; y < year; y++ {
		n = share(n, mille+b.f.Growth, mille)
	}
	for y := b.base; y > year; y-- {
		n = share(n, mille, mille+b.f.Growth)
	}
	return n
}

// count makes the months, from the January of the first year to the December of the current one.
func (b *book) count() error {
	for year := b.base - Years + 1; year <= b.base+1; year++ {
		if err := b.year(year); err != nil {
			return err
		}
	}
	return nil
}

// year makes the months of a year.
func (b *book) year(year int) error {
	total, begin := int64(0), len(b.months)
	for number := 1; number <= 12; number++ {
		m := month{year: year, number: number, first: dayOf(year, number, 1), last: dayOf(year, number+1, 1) - 1}
		for d := m.first; d <= m.last; d++ {
			for _, x := range b.mains {
				n, err := b.l.Used(x, d)
				if err != nil {
					return err
				}
				m.used += n
			}
		}
		total += m.used
		b.months = append(b.months, m)
	}
	revenue := b.grown(b.f.Revenue, year)
	for i := begin; i < len(b.months); i++ {
		m := &b.months[i]
		m.revenue = share(revenue, m.used, total)
		m.cost = share(m.revenue, b.f.Cost, mille)
		m.bought = share(m.revenue, b.f.Purchases, mille)
	}
	return nil
}

// baseline tells of the baseline's year what changes look at.
func (b *book) baseline() error {
	if Baseline > b.base-Years {
		return nil
	}
	now := b.months
	b.months = nil
	defer func() { b.months = now }()
	if err := b.year(Baseline); err != nil {
		return err
	}
	b.period(strconv.Itoa(Baseline), 0, 12, fmt.Sprintf("%d 年度财务报表（演示）", Baseline))
	b.product("P-0", "基期产品（演示）", Baseline, 1, dayOf(Baseline, 6, 15), b.f.Cycle-b.f.CycleLess*int64(Baseline-b.base))
	return nil
}

func dayOf(year, month, d int) workday.Day {
	return workday.DayOf(time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC).UnixNano())
}

// over tells whether a month is, today.
func (b *book) over(m *month) bool { return m.last < b.today }

// stock is what lies in store at the end of a month, in fen.
func (b *book) stock(i int) int64 {
	m := &b.months[max(i, 0)]
	days := b.f.Stock - b.f.StockLess*int64(m.year-b.base)
	return share(m.cost, max(days, 1), int64(m.last-m.first+1))
}

// declare writes what is declared for years and for the last twelve months.
func (b *book) declare() {
	over := 0
	for over < len(b.months) && b.over(&b.months[over]) {
		over++
	}
	for i := max(over-12, 0); i < over; i++ {
		b.period(fmt.Sprintf("%d-%02d", b.months[i].year, b.months[i].number), i, i+1, "")
	}
	for y := range Years {
		year := b.base - Years + 1 + y
		b.period(strconv.Itoa(year), 12*y, 12*y+12, fmt.Sprintf("%d 年度财务报表（演示）", year))
		b.yearly(year)
	}
}

// period declares what is of the months from, to-1.
func (b *book) period(label string, from, to int, reference string) {
	var revenue, cost, bought, used int64
	for i := from; i < to; i++ {
		m := &b.months[i]
		revenue, cost, bought, used = revenue+m.revenue, cost+m.cost, bought+m.bought, used+m.used
	}
	first, last := &b.months[from], &b.months[to-1]
	say := func(item, value, unit string) {
		b.say(item, label, first.first, last.last, value, unit, reference)
	}
	say("sales-revenue", hundredths(revenue), "CNY")
	say("cost-of-goods-sold", hundredths(cost), "CNY")
	say("purchases", hundredths(bought), "CNY")
	say("value-added", hundredths(share(revenue, b.f.Value, mille)), "CNY")
	say("inventory-opening", hundredths(b.stock(from-1)), "CNY")
	say("inventory-closing", hundredths(b.stock(to-1)), "CNY")
	say("employees-average", strconv.FormatInt(b.employees(last.year), 10), "1")
	say("electricity-consumption", hundredths(used), "kW.h")
	say("other-energy", hundredths(share(share(used, 36, 10_000), b.f.OtherEnergy, mille)), "GJ") // 1 kWh is 0.0036 GJ
	if b.f.Software > 0 {
		say("software-service-revenue", hundredths(share(revenue, b.f.Software, mille)), "CNY")
	}
}

// employees grow half as fast as revenue.
func (b *book) employees(year int) int64 {
	return b.f.Employees * (2*mille + b.f.Growth*int64(year-b.base)) / (2 * mille)
}

// yearly declares what is asked for once a year.
func (b *book) yearly(year int) {
	first, last := dayOf(year, 1, 1), dayOf(year+1, 1, 1)-1
	label := strconv.Itoa(year)
	whole := func(item string, n int64) {
		b.say(item, label, first, last, strconv.FormatInt(n, 10), "1", "")
	}
	machines, key := int64(0), int64(0)
	for _, w := range b.f.Processes {
		machines += w.Machines
		if w.Key {
			key += w.Machines
		}
	}
	before := int64(b.base-year) * 40 // per mille fewer, a year
	whole("machines", machines)
	whole("machines-networked", share(machines, max(b.f.Networked-before, 0), mille))
	whole("key-equipment", key)
	whole("key-equipment-networked", share(key, max(b.f.Networked-before, 0), mille))
	if b.f.Innovation > 0 {
		whole("dual-innovation-projects", b.f.Innovation)
		whole("dual-innovation-participants", 4*b.f.Innovation)
	}
	if b.f.Effect && year == b.base {
		b.effect(label, first, last)
	}
}

// effect tells what came of a transformation: before and after, from revenue and days in store of two years.
func (b *book) effect(label string, first, last workday.Day) {
	head := func(year int) string {
		return hundredths(b.grown(b.f.Revenue, year) / b.employees(year))
	}
	for _, x := range [][3]string{
		{"effect-cost-before", hundredths(b.f.Cost * 100), "CNY"}, {"effect-cost-after", hundredths(b.f.Cost * 97), "CNY"},
		{"effect-output-before", head(b.base - 1), "CNY"}, {"effect-output-after", head(b.base), "CNY"},
		{"effect-defects-before", "2.40", "%"}, {"effect-defects-after", "1.90", "%"},
		{"effect-delivery-before", strconv.FormatInt(b.f.Stock+b.f.StockLess, 10), "d"}, {"effect-delivery-after", strconv.FormatInt(b.f.Stock, 10), "d"},
	} {
		b.say(x[0], label, first, last, x[1], x[2], "")
	}
}

func (b *book) say(item, label string, first, last workday.Day, value, unit, reference string) {
	b.facts = append(b.facts, Fact{Kind: "declaration", ID: item + "/" + label, Reference: reference, Fields: [][2]string{
		{"item", item}, {"begins", first.String()}, {"ends", last.String()}, {"value", value}, {"unit", unit},
	}})
}
