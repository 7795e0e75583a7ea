package calendar

import "jingwei/internal/kernel/text"

// What a definition may hold.
const (
	MaxDocument   = 256 << 10 // bytes of JSON or YAML
	MaxPatterns   = 100
	MaxShifts     = 24  // of a pattern, and of a day
	MaxCrews      = 26  // of a pattern
	MaxCycle      = 366 // days
	MaxExceptions = 4000
	maxSpan       = 366 // days of one exception
	maxName       = 60  // characters
)

// Definition is a calendar as people write it, in JSON or YAML. Dates are written 2026-11-22 and mean production days;
// times of day are written 08:30 and are the local clock's.
type Definition struct {
	Zone       string      `json:"zone" yaml:"zone" maxLength:"60" example:"Asia/Shanghai" doc:"IANA time zone"`
	DayStart   string      `json:"dayStart,omitempty" yaml:"dayStart" maxLength:"5" doc:"When the production day begins on the local clock; 00:00 where it is left out"`
	MonthStart int         `json:"monthStart,omitempty" yaml:"monthStart" doc:"Day of the month on which the accounting month begins, 1 to 28; 1 where it is left out. Up to 15 the month is called after the one it begins in, from 16 on after the one it ends in"`
	Patterns   []Pattern   `json:"patterns,omitempty" yaml:"patterns" maxItems:"100" doc:"How shifts are worked, oldest first; each holds until the next begins"`
	Exceptions []Exception `json:"exceptions,omitempty" yaml:"exceptions" maxItems:"4000" doc:"Dates that do not follow the pattern: holidays, and working days that were moved"`
}

// Pattern says how shifts are worked from a date on: by the week or in a cycle of days. Without either nobody works
// shifts.
type Pattern struct {
	From   string            `json:"from,omitempty" yaml:"from" maxLength:"10" doc:"First date; only the first pattern may leave it out and then holds since ever"`
	Shifts []WorkShift       `json:"shifts,omitempty" yaml:"shifts" maxItems:"24"`
	Crews  []Crew            `json:"crews,omitempty" yaml:"crews" maxItems:"26"`
	Week   map[string][]Turn `json:"week,omitzero" yaml:"week" required:"false" doc:"Shifts of each weekday: mon, tue, wed, thu, fri, sat, sun; a day that is left out is off"`
	Cycle  *Cycle            `json:"cycle,omitempty" yaml:"cycle"`
}

// WorkShift is one shift of a pattern: its name and its time on the local clock. Either End or Length is given. A start
// before the start of the day is on the next date: with days from 08:00, the shift at 00:00 ends the production day.
type WorkShift struct {
	ID     string    `json:"id" yaml:"id" maxLength:"30" doc:"How turns name it"`
	Name   text.Text `json:"name" yaml:"name"`
	Start  string    `json:"start" yaml:"start" maxLength:"5"`
	End    string    `json:"end,omitempty" yaml:"end" maxLength:"5" doc:"At or before the start: on the following date"`
	Length string    `json:"length,omitempty" yaml:"length" maxLength:"10" doc:"Instead of the end, on the local clock: 8h, 7h30m; at most 24h"`
}

// Crew is a group of people that works shifts by turns.
type Crew struct {
	ID   string    `json:"id" yaml:"id" maxLength:"30"`
	Name text.Text `json:"name" yaml:"name"`
}

// Turn is one shift of one day, and who works it.
type Turn struct {
	Shift string `json:"shift" yaml:"shift" maxLength:"30" doc:"A shift of the pattern"`
	Crew  string `json:"crew,omitempty" yaml:"crew" maxLength:"30" doc:"A crew of the pattern"`
}

// Cycle repeats a number of days for ever.
type Cycle struct {
	First string   `json:"first,omitempty" yaml:"first" maxLength:"10" doc:"A date that is the first of the cycle; the pattern's first date where it is left out"`
	Days  [][]Turn `json:"days" yaml:"days" maxItems:"366" nullable:"false" doc:"The turns of each day; an empty day is off"`
}

// Exception is a date, or a row of dates, that does not follow the pattern. Exactly one of Off, As and Turns is given.
type Exception struct {
	Date  string    `json:"date" yaml:"date" maxLength:"10"`
	Last  string    `json:"last,omitempty" yaml:"last" maxLength:"10" doc:"Last date of a row of dates, included"`
	Name  text.Text `json:"name,omitzero" yaml:"name" required:"false"`
	Off   bool      `json:"off,omitempty" yaml:"off" doc:"Nobody works"`
	As    string    `json:"as,omitempty" yaml:"as" maxLength:"10" doc:"Worked as this weekday (mon to sun) or as this date would be by its pattern: a working day that was moved"`
	Turns []Turn    `json:"turns,omitempty" yaml:"turns" maxItems:"24" doc:"Worked like this, with the shifts and crews of the pattern of that date"`
}
