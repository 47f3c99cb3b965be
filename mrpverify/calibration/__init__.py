"""The verdict functions on simulated truths that are known: how often are they wrong?"""
