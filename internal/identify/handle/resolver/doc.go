// Package resolver finds handles wherever they are served: from the root's sites over prefix handles (HS_SITE, HS_SERV) and
// referrals (302, 303) to the server that the hash chooses, through aliases; it keeps what it found as long as its TTLs say
// and two days at most, and what is not there for a short time. With trust anchors it checks HS_SIGNATURE and HS_CERT.
//
// Sources: RFC 3651 section 4; DO-IRP 3.0; CNRI Handle.Net technical manual, version 9.
package resolver
