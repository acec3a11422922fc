# CPU seconds that R's packages take for the same work as ours: `Rscript bench_watch_r.R JOB FILE ...` prints `JOB,seconds`
# for each pair. A file holds the series as columns, without a header (of nowcasts: days of onset and of report). The
# least of up to three passes, of one if that takes over a second; start-up and the reading of files are left out.
suppressMessages(library(surveillance))
estimates <- requireNamespace("EpiEstim", quietly = TRUE)

each <- function(y, work) for (column in seq_len(ncol(y))) work(y[, column])
weekly <- function(y) sts(observed = as.matrix(y), start = c(1, 1), frequency = 52)
last <- function(y, weeks) (NROW(y) - weeks + 1):NROW(y)
season <- function(f) addSeason2formula(f, S = 1, period = 52)
feeding <- function(f) list(ar = list(f = ~1), end = list(f = season(f)), family = "NegBin1")
ratio <- list(c.ARL = 5, Mtilde = 1, M = -1, change = "intercept", ret = "value", mu0 = list(S = 1, trend = TRUE))

nowcasts <- function(y, method) {
  day <- as.Date("2024-01-01")
  now <- day + 119
  nowcast(
    now = now, when = seq(now - 14, now, by = "1 day"), data = data.frame(onset = day + y[, 1], report = day + y[, 2]),
    dEventCol = "onset", dReportCol = "report", method = method, D = 14, m = NULL,
    control = list(
      N.tInf.prior = structure("poisgamma", mean.lambda = 10, var.lambda = 300), N.tInf.max = 300,
      dRange = c(day, now), score = FALSE, predPMF = FALSE
    )
  )
}

reproduction <- function(y, method, more) {
  start <- 2:(length(y) - 6)
  given <- c(list(mean_si = 16, std_si = 5, t_start = start, t_end = start + 6), more)
  EpiEstim::estimate_R(y, method = method, config = EpiEstim::make_config(given))
}

work <- list(
  flexible = function(y) each(y, function(one) farringtonFlexible(weekly(one), control = list(
    range = NROW(y), b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, weightsThreshold = 2.58,
    pThresholdTrend = 1, thresholdMethod = "nbPlugin", alpha = 0.05, trend = TRUE
  ))),
  classic = function(y) each(y, function(one) {
    algo.farrington(sts2disProg(weekly(one)), control = list(range = NROW(y), b = 5, w = 3, alpha = 0.05))
  }),
  ears = function(y) each(y, function(one) earsC(weekly(one), control = list(range = 10:NROW(y), method = "C2"))),
  bayes = function(y) each(y, function(one) {
    bayes(weekly(one), control = list(range = last(y, 104), b = 2, w = 4, actY = FALSE, alpha = 0.05))
  }),
  rki = function(y) each(y, function(one) {
    rki(weekly(one), control = list(range = last(y, 104), b = 2, w = 4, actY = FALSE))
  }),
  cusum = function(y) each(y, function(one) algo.cusum(
    sts2disProg(weekly(one)),
    control = list(range = last(y, 104), k = 1.04, h = 2.26, m = "glm", trans = "rossi")
  )),
  glrnb = function(y) each(y, function(one) {
    algo.glrnb(sts2disProg(weekly(one)), control = c(list(range = last(y, 104)), ratio, list(alpha = NULL)))
  }),
  glrpois = function(y) each(y, function(one) {
    algo.glrpois(sts2disProg(weekly(one)), control = c(list(range = last(y, 104)), ratio))
  }),
  hhh4 = function(y) each(y, function(one) hhh4(weekly(one), feeding(~ 1 + t))),
  hhh4_of_many = function(y) hhh4(weekly(y), feeding(~ -1 + fe(1, unitSpecific = TRUE))),
  lawless = function(y) nowcasts(y, "lawless"),
  bayes.trunc = function(y) nowcasts(y, "bayes.trunc"),
  certain = function(y) each(y, function(one) reproduction(one, "parametric_si", list())),
  uncertain = function(y) each(y, function(one) reproduction(one, "uncertain_si", list(
    std_mean_si = 2, min_mean_si = 12, max_mean_si = 20, std_std_si = 1, min_std_si = 3, max_std_si = 7,
    n1 = 200, n2 = 100, seed = 1
  )))
)

spent <- function(job, y) {
  least <- Inf
  for (pass in 1:3) {
    before <- proc.time()
    utils::capture.output(suppressMessages(suppressWarnings(work[[job]](y))))
    least <- min(least, sum((proc.time() - before)[c("user.self", "sys.self")]))
    if (least > 1) break
  }
  least
}

given <- commandArgs(TRUE)
for (at in seq(1, length(given), 2)) {
  if (given[at] %in% c("certain", "uncertain") && !estimates) next
  y <- as.matrix(utils::read.csv(given[at + 1], header = FALSE))
  cat(given[at], ",", sprintf("%.6f", spent(given[at], y)), "\n", sep = "")
}
