package history

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"jingwei/internal/office/flow/workday"
)

// works writes what is known of equipment, systems, products, people and certificates.
func (b *book) works() {
	for _, w := range b.f.Processes {
		b.equipment(&w)
	}
	for i := range b.f.Systems {
		b.use(&b.f.Systems[i])
	}
	b.products()
	b.training()
	for _, scheme := range b.f.Certificates {
		issued := dayOf(b.base, 5, 1) + workday.Day(draw("certificate", b.f.Key, scheme)%90)
		b.facts = append(b.facts, Fact{Kind: "certificate", ID: scheme, Reference: "证书 " + scheme + "（演示）", Fields: [][2]string{
			{"number", "ZS-" + scheme + "-" + strconv.Itoa(b.base)}, {"issued", issued.String()}, {"expires", (issued.AddMonths(36) - 1).String()},
			{"scheme", scheme}, {"issuer", "示例认证机构（演示）"},
		}})
	}
}

// equipment writes each machine of a process, in use since three years from twelve years before the day on; what is digital came in turn since.
func (b *book) equipment(w *Work) {
	for n := range w.Machines {
		digital := n < w.Digital
		begins := dayOf(b.base-12, 1, 1) + workday.Day(draw("equipment", b.f.Key, w.Process, strconv.FormatInt(n, 10))%(3*365))
		controller := "none"
		if digital { // one after the other, to the base year
			begins, controller = begins+workday.Day(n*9*365/max(w.Digital, 1)), w.Controller
		}
		id := fmt.Sprintf("%s-%02d", w.Process, n+1)
		b.facts = append(b.facts, Fact{Kind: "equipment", ID: id, Fields: [][2]string{
			{"number", "ZB-" + id}, {"label", w.Label}, {"process", w.Process}, {"keyProcess", strconv.FormatBool(w.Key)}, {"digital", strconv.FormatBool(digital)},
			{"controller", controller}, {"begins", begins.String()},
		}})
	}
}

// use writes a record a month, and one of the days since the last month ended. Uses: three a working day of every user.
func (b *book) use(s *System) {
	since := b.today.AddMonths(-s.Since)
	for i := range b.months {
		m := &b.months[i]
		last := min(m.last, b.today-1)
		if m.first < since || m.first > last {
			continue
		}
		working, on := int64(0), m.first
		for d := m.first; d <= last; d++ {
			if b.l.days.Working(d) {
				working, on = working+1, d
			}
		}
		if working == 0 {
			continue
		}
		id := fmt.Sprintf("%s-%d-%02d", s.Kind, m.year, m.number)
		b.facts = append(b.facts, Fact{Kind: "software-use", ID: id, Fields: [][2]string{
			{"system", s.Name}, {"kind", s.Kind}, {"deployed", since.String()}, {"day", on.String()}, {"uses", strconv.FormatInt(3*working*s.Users, 10)},
			{"users", strconv.FormatInt(s.Users, 10)}, {"supplier", s.Supplier}, {"catalogue", strconv.FormatBool(s.Catalogue)},
		}})
	}
}

// products are released two a year.
func (b *book) products() {
	for n, name := range b.f.Products {
		year, month := b.base-Years+1+n/2, 4+5*(n%2)
		x := draw("product", b.f.Key, strconv.Itoa(n))
		released := dayOf(year, month, 1) + workday.Day(x%28)
		days := b.f.Cycle - b.f.CycleLess*int64(year-b.base) + int64(x>>8%21) - 10
		if released >= b.today || days < 1 {
			continue
		}
		b.product(fmt.Sprintf("P-%d", n+1), name, year, n%2+1, released, days)
	}
}

func (b *book) product(id, name string, year, n int, released workday.Day, days int64) {
	b.facts = append(b.facts, Fact{Kind: "rd-project", ID: id, Fields: [][2]string{
		{"number", fmt.Sprintf("YF-%d-%d", year, n)}, {"product", name}, {"approved", (released - workday.Day(days)).String()}, {"released", released.String()},
		{"days", strconv.FormatInt(days, 10)},
	}})
}

// training: people pass a course, each once.
func (b *book) training() {
	for year := b.base - 1; year <= b.base+1; year++ {
		for n := range b.f.Trained {
			on := dayOf(year, 3, 1) + workday.Day(draw("training", b.f.Key, strconv.Itoa(year), strconv.FormatInt(n, 10))%220)
			if on >= b.today {
				continue
			}
			sum := sha256.Sum256([]byte(fmt.Sprintf("demo person %s %d %d", b.f.Key, year, n)))
			b.facts = append(b.facts, Fact{Kind: "training", ID: fmt.Sprintf("%d-%d", year, n+1), Fields: [][2]string{
				{"day", on.String()}, {"person", hex.EncodeToString(sum[:])}, {"programme", "digital-workers"}, {"course", "数控设备数据采集（演示）"},
				{"passed", strconv.FormatBool(n%9 != 8)}, {"provider", "榆浦工业学院（演示）"},
			}})
		}
	}
}
