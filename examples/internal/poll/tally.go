package poll

import (
	"context"
	"errors"

	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

// open opens the sums. In one process one audit serves all trustees; in life each of them makes
// her own, on a machine of her own.
func (h *Hall) open(ctx context.Context) error {
	report, err := h.replay(ctx, "auditing for trustees")
	if err != nil {
		return err
	}
	for _, t := range h.trustees {
		endorsement, err := t.Endorse(report)
		if err != nil {
			return err
		}
		if err := h.record.WriteEndorsement(endorsement); err != nil {
			return err
		}
	}
	// A share is given only where the record shows that a quorum endorsed the same sums.
	if report, err = h.replay(ctx, "auditing endorsements"); err != nil {
		return err
	}
	var shares []*tally.Share
	for _, t := range h.trustees[:threshold] {
		share, err := t.Share(report)
		if err != nil {
			return err
		}
		if err := h.record.WriteShare(share); err != nil {
			return err
		}
		shares = append(shares, share)
	}
	result, err := report.Open(ctx, shares...)
	if err != nil {
		return err
	}
	h.say("%d of %d trustees endorsed, %d shares open the sums", len(h.trustees), len(h.trustees), len(shares))
	return h.record.WriteResult(result)
}

// audit is what anybody does afterwards.
func (h *Hall) audit(ctx context.Context) error {
	report, err := h.replay(ctx, "auditing the result")
	if err != nil {
		return err
	}
	if report.Result == nil {
		return errors.New("the record has no result")
	}
	h.Report = report
	h.say("audit: ok, %d ballots in the log, %d counted", report.Logged, report.Counted)
	return nil
}

// replay audits the record as it is on disk.
func (h *Hall) replay(ctx context.Context, name string) (*tally.Report, error) {
	total := uint64(0)
	for _, entries := range h.entries {
		total += entries
	}
	progress := stage.NewProgress(name, int(total))
	report, err := tally.Audit(ctx, h.record.FS(), h.Manifest.ID(), &tally.AuditOptions{
		AcceptKeys: []string{proof.OneParty},
		Progress:   func(done, _ uint64) { progress.Set(int(done)) },
	})
	if err != nil {
		return nil, err
	}
	progress.Finish()
	return report, report.Err()
}
