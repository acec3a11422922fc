# Answers a file of jobs, each `job(id, expression)`, with the packages' public functions: a line `id, name, numbers`
# for each vector of the list that the expression gives, or `id, error, message`. `Rscript compare_r.R JOBS`.
suppressMessages({
  library(surveillance)
  library(EpiEstim)
})

say <- function(id, name, what) cat(id, "\t", name, "\t", what, "\n", sep = "")

numbers <- function(x) {
  x <- as.numeric(x)
  paste(ifelse(is.nan(x) | is.na(x), "NA", sprintf("%.17g", x)), collapse = ",")
}

job <- function(id, expression) {
  expression <- substitute(expression)
  set.seed(1)
  utils::capture.output(found <- tryCatch(
    suppressMessages(suppressWarnings(eval(expression, globalenv()))),
    error = function(e) structure(list(conditionMessage(e)), class = "refused")
  ))
  if (inherits(found, "refused")) {
    say(id, "error", gsub("[\t\n]", " ", found[[1]]))
  } else {
    for (name in names(found)) say(id, name, numbers(found[[name]]))
  }
}

series <- function(y, frequency = 52, population = NULL) {
  y <- as.matrix(y)
  if (is.null(population)) {
    sts(observed = y, start = c(2000, 1), frequency = frequency)
  } else {
    sts(observed = y, start = c(2000, 1), frequency = frequency, population = as.matrix(population))
  }
}

bounds <- function(found) list(upper = upperbound(found), alarm = alarms(found))

flexible <- function(s, control) {
  found <- farringtonFlexible(s, control)
  of <- found@control
  of$mu0Vector[is.infinite(of$mu0Vector)] <- NA # an upper limit of the mean that overflows
  list(
    upper = upperbound(found), alarm = alarms(found), expected = of$expected, score = of$score, p = of$pvalue,
    trend = of$trend, slope = of$trendVector, phi = of$phiVector, bound_mean = of$mu0Vector
  )
}

classic <- function(s, control) {
  found <- algo.farrington(sts2disProg(s), control)
  list(
    upper = found$upperbound, alarm = found$alarm, trend = found$trend,
    below = found$control$pd[, 1], expected = found$control$pd[, 2]
  )
}

cumulative <- function(s, control) {
  found <- algo.cusum(sts2disProg(s), control)
  list(upper = found$upperbound, alarm = found$alarm, cusum = found$cusum, mean = found$control$m)
}

ratio <- function(s, control, poisson = FALSE) {
  found <- (if (poisson) algo.glrpois else algo.glrnb)(sts2disProg(s), control)
  list(
    upper = found$upperbound, alarm = found$alarm, mean = found$control$mu0, alpha = found$control$alpha
  )
}

endemic <- function(s, control) {
  found <- hhh4(s, control)
  if (!is.finite(logLik(found))) stop("no fit")
  table <- coef(found, se = TRUE, reparamPsi = TRUE)
  if (!all(table[, "Std. Error"] < 10)) table[] <- NA # one that nothing holds runs off until the search stops
  list(
    estimate = table[, "Estimate"], se = table[, "Std. Error"], loglik = as.numeric(logLik(found)), aic = AIC(found),
    bic = BIC(found), nobs = nobs(found)
  )
}

delayed <- function(list, now, method, D, m, control) {
  found <- nowcast(
    now = now, when = seq(now - D, now, by = "1 day"), data = list, dEventCol = "onset", dReportCol = "report",
    method = method, D = D, m = m, control = control
  )
  at <- nrow(found) - D:0
  list(
    reported = observed(found)[at], estimate = upperbound(found)[at], lower = found@pi[at, 1, 1],
    upper = found@pi[at, 1, 2]
  )
}

windows <- function(found) {
  table <- found$R
  columns <- grep("Mean|Std|Quantile|Median", names(table), value = TRUE)
  made <- lapply(columns, function(column) table[[column]])
  names(made) <- columns
  made
}

cohorts <- function(found, first) { # a window without cases has no row
  list("Mean(R)" = found$R[["Mean(R)"]][match(first, found$R$t_start)])
}

mixture <- function(found) {
  c(windows(found), list(pair_mean = found$SI.Moments$Mean, pair_sd = found$SI.Moments$Std))
}

source(commandArgs(TRUE)[1])
