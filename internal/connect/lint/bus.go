package lint

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// What a request costs where nobody has measured: a device on a network answers within networkAnswer; a device on a
// serial line thinks for serialAnswer, and the bytes take their time on the wire (11 bits each: Modbus over Serial Line
// V1.02, 2.5.1).
const (
	networkAnswer = 20 * time.Millisecond
	serialAnswer  = 40 * time.Millisecond
	bitsPerByte   = 11
)

// Shares of the line's time that a scan may take.
const (
	fullLoad = 1.0
	highLoad = 0.7
)

// bus finds a scan that the line cannot carry: for every scan class what one round of its requests costs, over its
// period, together.
func (l *linter) bus(t *template.Template, d driver.Driver, link json.RawMessage, points []driver.Point) {
	planner, ok := d.(driver.OfflinePlanner)
	if !ok {
		return
	}
	classes := map[time.Duration][]driver.Point{}
	for _, p := range points {
		classes[p.Every] = append(classes[p.Every], p)
	}
	load, requests := 0.0, 0
	for every, members := range classes {
		plan, err := planner.PlanFor(link, members)
		if err != nil || every <= 0 {
			return
		}
		var cost time.Duration
		for _, r := range plan {
			cost += requestCost(r.Summary, t.Baud)
		}
		requests += len(plan)
		load += cost.Seconds() / every.Seconds()
	}
	if load <= highLoad {
		return
	}
	line := text.Text{Zh: "网络", En: "a network"}
	if t.Baud > 0 {
		line = text.Text{Zh: fmt.Sprintf("%d 波特的串口", t.Baud), En: fmt.Sprintf("a serial line of %d baud", t.Baud)}
	}
	l.add(Finding{Code: "bus", Where: "every", Value: time.Duration(t.Every).String(), Doubt: load <= fullLoad,
		Text: text.Text{
			Zh: fmt.Sprintf("每轮 %d 个请求，在%s上约占 %.0f%% 的时间", requests, line.Zh, 100*load),
			En: fmt.Sprintf("%d requests a round take about %.0f %% of the time of %s", requests, 100*load, line.En)},
		Mend: text.Text{
			Zh: "请放慢采集周期，给慢变的量（如电量）更长的 every，或减少测点",
			En: "Scan slower, give what changes slowly (such as energy) a longer every, or leave points out"}})
}

// requestCost estimates a request from its plan: "unit 1 holding 0..27" says how much comes back.
func requestCost(summary string, baud int) time.Duration {
	if baud <= 0 {
		return networkAnswer
	}
	var unit, from, to int
	var area string
	bytes := 8 + 5
	if n, _ := fmt.Sscanf(strings.Replace(summary, "..", " ", 1), "unit %d %s %d %d", &unit, &area, &from, &to); n == 4 {
		if area == "holding" || area == "input" {
			bytes += 2 * (to - from + 1)
		} else {
			bytes += (to - from + 8) / 8
		}
	}
	// Between frames the line rests for 3.5 characters.
	return serialAnswer + time.Duration((float64(bytes)+7)*bitsPerByte/float64(baud)*float64(time.Second))
}
