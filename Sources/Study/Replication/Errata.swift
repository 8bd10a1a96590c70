/// What a reader of the paper has to know before comparing figures.
extension Published {
  public static let errata = [
    "The RMSE of 0.092 that stands beside the best PCC was the standard deviation over seeds. The "
      + "authors' repository corrects it to 1.209, and with it the peak RMSE of tables V and VIII.",
    "Table VI was not corrected: where a peak RMSE there is a standard deviation too, the true value "
      + "is unknown, and no claim is made about it.",
    "“12 of 18” comparisons won by Llama's labels: two of the twelve compare such standard "
      + "deviations. 10 of the 16 that can be verified remain.",
    "The published CCC takes variances and the covariance with n−1 (torchmetrics), Lin's definition "
      + "with n. Comparisons here use n−1.",
    "The released training code steps its schedule once an epoch while warm-up is counted in "
      + "batches. The learning rate is 0 in the first epoch and never leaves the warm-up, about "
      + "7e-6 after ten epochs of NewsEmp24. A faithful run has to do the same.",
    "Labels of NewsEmp24 train are means of 7 items each, those of the other sets of 6 (empathy) and "
      + "8 (distress): one distress item was scored as empathy.",
    "NewsEmp24 dev has 63 rows and 46 different essays: the same person, essay and label stand in "
      + "several conversations, so early stopping rests on less than it seems.",
    "Table VI on NewsEmp22: PCC is of the test split, scored by the organisers' server, CCC and RMSE "
      + "of the validation split.",
    "Groups in figure 5 are half open although their names suggest otherwise: age 24 falls in 25-30.",
  ]
}
