// Package measured finds out from plant model and telemetry what a check-up, or the acceptance of a project, may take as measured (grade
// E3): each fact with the span that was looked at and with every machine and series that it rests on. What cannot be found out
// honestly is not there: no fact is ever guessed, and none says "no" where nothing is known.
//
// A day is a civil day in China. A machine delivers on a day when one of its points has a good sample of that day. Machines of the class
// plant-auxiliary (power supply, compressed air, meters, climate) are no production machines and do not count for the rates of these.
package measured
