package tally_test

import (
	"context"
	"fmt"
	"os"

	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

// An auditor has the files of a record and knows the election id from elsewhere.
func ExampleAudit() {
	record, id := tally.SmallRecord() // os.DirFS("record"), and 64 digits from the official journal

	report, err := tally.Audit(context.Background(), record, id, &tally.AuditOptions{
		AcceptKeys: []string{proof.OneParty}, // a test: whoever made this key can forge memberships
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("set-up:", report.SetUp)
	fmt.Println("on the roll:", report.Voters)
	fmt.Println("counted:", report.Counted)
	fmt.Println("stage:", report.Stage)
	fmt.Println("failed checks:", len(report.Failed()))
	fmt.Println()
	if err := report.Result.WriteText(os.Stdout, "en"); err != nil {
		fmt.Println(err)
	}

	// Output:
	// set-up: one-party set-up: test only
	// on the roll: 5
	// counted: 4
	// stage: opened
	// failed checks: 0
	//
	// treaty: Shall the treaty be ratified?
	//   Yes  2  first
	//   No   1
	//        1  blank
	//
	// projects: Which projects come first?
	//   Bridge   1  tied for first
	//   Library  1  tied for first
	//   Park     0
	//   School   1  tied for first
	//            1  blank
}
