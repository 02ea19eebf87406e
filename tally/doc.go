// Package tally is the trustees' and the auditor's side of an election.
//
// Trustees make the election key together (Ceremony, Trustee), so that no whole private
// key ever exists. After the poll each of them audits the record, signs the one sealed
// checkpoint she found (Endorsement) and, when enough trustees have signed the same one,
// publishes her part of the opening (Share).
//
// An auditor needs the record, a directory of public files, and the election id, which she
// knows from elsewhere:
//
//	report, err := tally.Audit(ctx, os.DirFS(dir), id, nil)
//	if err != nil {
//		return err // the record could not be read, or is another election's
//	}
//	report.WriteText(os.Stdout)
//	return report.Err() // the first check that failed, or nil
//
// Audit replays everything: signatures, ceremony, census, every ballot of the log, the sums,
// the shares and the counts. It takes nothing from the record that it can compute. Report.Open
// turns a threshold of shares into the Result; no function of this package decrypts a single
// ballot. Record writes the directory.
//
// All of a record is public. A Trustee's file is secret and encrypted at rest.
// docs/spec/ceremony.md, docs/spec/record.md and docs/spec/tally.md are the specification.
package tally
