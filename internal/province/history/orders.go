package history

import (
	"fmt"
	"strconv"

	"jingwei/internal/office/flow/workday"
)

// monthlyOrders is how many orders of each side a month has.
const monthlyOrders = 6

// orders writes sales and purchases: a month's sum is split as recorded quarter hours of the first main meter are among each other.
func (b *book) orders() {
	for i := range b.months {
		m := &b.months[i]
		if m.first >= b.today {
			return
		}
		b.split(m, "sale", m.revenue, b.f.OnlineSold, b.f.Goods)
		b.split(m, "purchase", m.bought, b.f.OnlineBought, b.f.Materials)
	}
}

func (b *book) split(m *month, side string, sum, online int64, goods []string) {
	weights := b.weights(m, side)
	total := int64(0)
	for _, w := range weights {
		total += w
	}
	online = min(max(online+b.f.OnlineMore*int64(m.year-b.base), 0), mille)
	through, all := int64(0), int64(0) // by a platform, so far
	for n, w := range weights {
		label := fmt.Sprintf("%s-%d-%02d-%d", side, m.year, m.number, n+1)
		x := draw("order", b.f.Key, label)
		on := m.first + workday.Day(int64(n)*int64(m.last-m.first+1)/int64(len(weights))+int64(x%3))
		amount := share(sum, w, total)
		all += amount
		channel := "direct"
		if through+amount <= share(all, online, mille)+amount/2 {
			channel = "online"
			through += amount
		}
		if on >= b.today {
			continue
		}
		who := b.parties[x>>8%uint64(len(b.parties))]
		b.facts = append(b.facts, Fact{Kind: "order", ID: label, Fields: [][2]string{
			{"number", "DD-" + label}, {"placed", on.String()}, {"partyName", who.Name}, {"partyCode", who.Code}, {"side", side}, {"channel", channel},
			{"item", goods[x>>16%uint64(len(goods))]}, {"amount", yuan(amount)}, {"due", (on + 20 + workday.Day(x>>24%25)).String()},
		}})
	}
}

// weights are what the first main meter's recording used in as many quarter hours, 1 at least.
func (b *book) weights(m *month, side string) []int64 {
	r := b.l.read[b.mains[0].Template.ID]
	var count []int64
	for i := range b.mains[0].Template.Points {
		if c := r.count[b.mains[0].Template.Points[i].Key]; c != nil {
			count = c
			break
		}
	}
	out := make([]int64, monthlyOrders)
	for n := range out {
		row := draw("weight", b.f.Key, side, strconv.Itoa(m.year), strconv.Itoa(m.number), strconv.Itoa(n)) % uint64(len(count))
		out[n] = max(count[row], 100)
	}
	return out
}
