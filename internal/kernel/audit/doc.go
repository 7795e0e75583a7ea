// Package audit keeps who did what, to what, when, from where and why. An entry is written in the transaction of the
// change it tells of: there is no change without its entry, and no entry of a change that did not happen. Entries are
// only ever added; no code of the product changes or removes one.
//
// Source: IEC 62443-3-3, SR 2.8 to 2.12 (auditable events, non-repudiation).
package audit
