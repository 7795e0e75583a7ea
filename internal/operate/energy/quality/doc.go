// Package quality scores the energy data of an enterprise for a month, as the rules of the national energy monitoring of key
// energy users have it: how complete the hourly values of its main meters are, how far the sum of the days is from the monthly
// report, whether days and report came in time. It goes down to each missing hour, each gap and its cause.
//
// The rules are a pack (rules.go): thresholds with their source, and what we took them to mean where they leave it open.
// An enterprise names its main meters by declarations main-meter.SERIES, each for a span of days (named.go); the model of the
// plant does not say which meters stand behind each other. The monthly report is the declaration electricity-consumption for
// exactly the month.
//
// Nothing unknown is zero: a rule is met, missed or unknown with the reason, and the score is of what is known. Energy is
// counted in whole watt-hours and shares are exact fractions, so that every node comes to the same figure.
//
// Nothing is kept here. Hours and consumption come from the kept roll-ups, which outlive the samples and know resets,
// roll-overs and exchanges of meters; what came late is seen from the commit numbers of the samples; causes of gaps are those
// of data health.
//
// Files: rules.go, month.go (days and hours of a calendar), energy.go (exact numbers), judge.go (facts to verdicts and score:
// pure), series.go (what a series has of a month), gaps.go, named.go (main meters), report.go (monthly report), service.go,
// board.go (of many enterprises), api.go, views.go, export.go.
//
// Sources: packs/energy/energy-monitoring.yaml.
package quality
